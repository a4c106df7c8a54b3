import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { ComponentKindList } from './component-kind.dto.js';
import { ComponentKinds } from './component-kinds.js';
import {
  ComponentChange,
  ComponentDocument,
  ComponentList,
  ComponentListQuery,
  NewComponent,
} from './component.dto.js';
import { ComponentsService } from './components.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('components')
@Controller()
export class ComponentsController {
  constructor(
    private readonly components: ComponentsService,
    private readonly kinds: ComponentKinds,
  ) {}

  /** Lists the kinds of components with known ports. */
  @Get('component-kinds')
  @Route({ access: READERS })
  @ApiOkResponse({ type: ComponentKindList })
  listComponentKinds(): Reply {
    return reply({ body: { kinds: this.kinds.all } });
  }

  /** Lists components. */
  @Get('components')
  @Route({ does: 'component.list', access: READERS, problems: ['invalid-field'] })
  @ApiOkResponse({ type: ComponentList })
  listComponents(@Query() query: ComponentListQuery): Promise<Reply> {
    return this.components.list(query);
  }

  /**
   * Claims addresses and port maps under one name, all at once or not at all. The same request again (same name and
   * body) is answered with the same claim; another body is refused.
   */
  @Post('components')
  @Route({
    does: 'component.create',
    access: ['member'],
    reads: 'json',
    status: 201,
    problems: [
      ...(['not-found', 'duplicate-id', 'component-exists', 'port-in-use', 'ports-exhausted'] as const),
      ...(['subnet-exhausted', 'pool-exhausted', 'idempotency-key-reused'] as const),
    ],
  })
  @ApiCreatedResponse({ type: ComponentDocument })
  createComponent(@FromCaller() caller: Caller, @Body() body: NewComponent): Promise<Reply> {
    return this.components.create(caller, body);
  }

  /** Shows a component, by id or name. */
  @Get('components/:id')
  @Route({ does: 'component.get', access: READERS, versioned: true, problems: ['not-found', 'in-use'] })
  @ApiOkResponse({ type: ComponentDocument })
  getComponent(@FromCaller() caller: Caller, @Param('id') id: string): Promise<Reply> {
    return this.components.show(caller, id);
  }

  /** Changes what is sent of a component's tags and metadata (JSON merge patch). */
  @Patch('components/:id')
  @Route({
    does: 'component.update',
    access: ['member'],
    reads: 'json',
    problems: ['not-found', 'in-use', 'precondition-failed'],
  })
  @ApiOkResponse({ type: ComponentDocument })
  updateComponent(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: ComponentChange,
  ): Promise<Reply> {
    return this.components.update(caller, id, body);
  }

  /** Deletes a component and releases everything that it claimed. */
  @Delete('components/:id')
  @Route({
    does: 'component.delete',
    access: ['member'],
    status: 204,
    problems: ['not-found', 'in-use', 'precondition-failed'],
  })
  @ApiNoContentResponse()
  deleteComponent(@FromCaller() caller: Caller, @Param('id') id: string): Promise<Reply> {
    return this.components.delete(caller, id);
  }
}
