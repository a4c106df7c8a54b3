import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { NewPortMap, PortMapChange, PortMapDocument, PortMapList, PortMapListQuery } from './port-map.dto.js';
import { PortMapsService } from './port-maps.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('port-maps')
@Controller('port-maps')
export class PortMapsController {
  constructor(private readonly portMaps: PortMapsService) {}

  /** Lists port maps. */
  @Get()
  @Route({ does: 'port-map.list', access: READERS, problems: ['invalid-field'] })
  @ApiOkResponse({ type: PortMapList })
  listPortMaps(@Query() query: PortMapListQuery): Promise<Reply> {
    return this.portMaps.list(query);
  }

  /** Maps a port of a gateway to a machine. */
  @Post()
  @Route({
    does: 'port-map.create',
    access: ['member'],
    reads: 'json',
    status: 201,
    problems: ['duplicate-id', 'port-in-use', 'ports-exhausted', 'idempotency-key-reused'],
  })
  @ApiCreatedResponse({ type: PortMapDocument })
  createPortMap(@FromCaller() caller: Caller, @Body() body: NewPortMap): Promise<Reply> {
    return this.portMaps.create(caller, body);
  }

  /** Shows a port map. */
  @Get(':id')
  @Route({ does: 'port-map.get', access: READERS, versioned: true, problems: ['not-found'] })
  @ApiOkResponse({ type: PortMapDocument })
  getPortMap(@Param('id') id: string): Promise<Reply> {
    return this.portMaps.show(id);
  }

  /** Changes what is sent of a port map's name, tags, metadata, sources and end (JSON merge patch). */
  @Patch(':id')
  @Route({
    does: 'port-map.update',
    access: ['member'],
    reads: 'json',
    problems: ['not-found', 'precondition-failed', 'in-use'],
  })
  @ApiOkResponse({ type: PortMapDocument })
  updatePortMap(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: PortMapChange): Promise<Reply> {
    return this.portMaps.update(caller, id, body);
  }

  /** Deletes a port map. */
  @Delete(':id')
  @Route({ does: 'port-map.delete', access: ['member'], status: 204, problems: ['not-found', 'precondition-failed'] })
  @ApiNoContentResponse()
  deletePortMap(@FromCaller() caller: Caller, @Param('id') id: string): Promise<Reply> {
    return this.portMaps.delete(caller, id);
  }
}
