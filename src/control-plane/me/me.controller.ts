import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { QuotasService } from '../quotas/quotas.service.js';
import { RequestLimits } from '../quotas/request-limits.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { MeDocument } from './me.dto.js';

@ApiTags('me')
@Controller('me')
export class MeController {
  constructor(
    private readonly quotas: QuotasService,
    private readonly limits: RequestLimits,
  ) {}

  /** Tells the caller who it is, and what it may hold and holds. */
  @Get()
  @Route({ access: ['member', 'reader', 'gateway'] })
  @ApiOkResponse({ type: MeDocument })
  async getMe(@FromCaller() { principal }: Caller): Promise<Reply> {
    const { name, role, project, gateway } = principal;
    const owners = [name, ...(project === undefined || project === name ? [] : [project])];
    const usage = await Promise.all(owners.map((owner) => this.quotas.usageOf(owner)));
    const body: MeDocument = {
      name,
      role,
      project: project ?? null,
      gateway: gateway ?? null,
      maxAddressesPerRequest: this.limits.addresses,
      usage,
    };
    return reply({ body });
  }
}
