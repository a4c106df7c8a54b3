import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import {
  NewWebhook,
  SecretRotation,
  TestOutcome,
  WebhookChange,
  WebhookDocument,
  WebhookList,
  WebhookListQuery,
} from './webhook.dto.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('webhooks')
@Controller('webhooks')
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  /** Lists webhooks. */
  @Get()
  @Route({ does: 'webhook.list', access: [], problems: ['invalid-field'] })
  @ApiOkResponse({ type: WebhookList })
  listWebhooks(@Query() query: WebhookListQuery): Promise<Reply> {
    return this.webhooks.list(query);
  }

  /** Makes a webhook; only this answer tells its secret. */
  @Post()
  @Route({
    does: 'webhook.create',
    access: [],
    reads: 'json',
    status: 201,
    problems: ['duplicate-id', 'quota-exceeded', 'idempotency-key-reused'],
  })
  @ApiCreatedResponse({ type: WebhookDocument })
  createWebhook(@FromCaller() caller: Caller, @Body() body: NewWebhook): Promise<Reply> {
    return this.webhooks.create(caller, body);
  }

  /** Shows a webhook and how its deliveries go. */
  @Get(':id')
  @Route({ does: 'webhook.get', access: [], versioned: true, problems: ['not-found'] })
  @ApiOkResponse({ type: WebhookDocument })
  getWebhook(@Param('id') id: string): Promise<Reply> {
    return this.webhooks.show(id);
  }

  /** Changes what is sent of a webhook (JSON merge patch). */
  @Patch(':id')
  @Route({ does: 'webhook.update', access: [], reads: 'json', problems: ['not-found', 'precondition-failed'] })
  @ApiOkResponse({ type: WebhookDocument })
  updateWebhook(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: WebhookChange): Promise<Reply> {
    return this.webhooks.update(caller, id, body);
  }

  /** Deletes a webhook with its dead letters. */
  @Delete(':id')
  @Route({ does: 'webhook.delete', access: [], status: 204, problems: ['not-found', 'precondition-failed'] })
  @ApiNoContentResponse()
  deleteWebhook(@FromCaller() caller: Caller, @Param('id') id: string): Promise<Reply> {
    return this.webhooks.delete(caller, id);
  }

  /** Makes a new secret, which only this answer tells; for a while messages are signed with both. */
  @Post(':id/rotate')
  @Route({
    does: 'webhook.rotate',
    access: [],
    reads: 'json',
    problems: ['not-found', 'precondition-failed', 'idempotency-key-reused'],
  })
  @ApiOkResponse({ type: WebhookDocument })
  rotateWebhookSecret(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: SecretRotation,
  ): Promise<Reply> {
    return this.webhooks.rotate(caller, id, body);
  }

  /** Sends `ipam.webhook.ping` at once and tells the outcome; nothing is tried again. */
  @Post(':id/test')
  @Route({ access: [], problems: ['not-found'] })
  @ApiOkResponse({ type: TestOutcome })
  testWebhook(@Param('id') id: string): Promise<Reply> {
    return this.webhooks.test(id);
  }
}
