import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { AddressDocument, AddressHistory, AddressHistoryQuery, PortHistory, PortHistoryQuery } from './history.dto.js';
import { HistoryService } from './history.service.js';

const READERS = ['member', 'reader'] as const;

@ApiTags('history')
@Controller('addresses/:address')
export class HistoryController {
  constructor(private readonly history: HistoryService) {}

  /** Shows what an address is now in every subnet that spans it: free, resting, excluded, or held, and by whom. */
  @Get()
  @Route({ access: READERS, problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: AddressDocument })
  getAddress(@Param('address') address: string): Promise<Reply> {
    return this.history.address(address);
  }

  /** Lists who held an address, newest first; with `at`, who held it at that moment. Members see what was theirs. */
  @Get('history')
  @Route({ access: READERS, problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: AddressHistory })
  listAddressHistory(
    @FromCaller() caller: Caller,
    @Param('address') address: string,
    @Query() query: AddressHistoryQuery,
  ): Promise<Reply> {
    return this.history.ofAddress(caller, address, query);
  }

  /**
   * Lists who had a port of a gateway's external address, and where it led, newest first; with `at`, at that moment: what
   * an abuse desk asks (RFC 6302). Members see what was theirs.
   */
  @Get('ports/:protocol/:port/history')
  @Route({ access: READERS, problems: ['not-found', 'invalid-field'] })
  @ApiOkResponse({ type: PortHistory })
  listPortHistory(
    @FromCaller() caller: Caller,
    @Param('address') address: string,
    @Param('protocol') protocol: string,
    @Param('port') port: string,
    @Query() query: PortHistoryQuery,
  ): Promise<Reply> {
    return this.history.ofPort(caller, [address, protocol, port], query);
  }
}
