import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FromCaller, type Caller } from '../resource/caller.js';
import { pathId } from '../resource/id.js';
import { wantsWhole } from '../resource/listing.js';
import { ReleaseQuery } from '../resource/resource.dto.js';
import { BulkRequest, BulkResults } from './bulk.dto.js';
import { BulkReservations } from './bulk-reservations.js';
import {
  NewReservation,
  NewReservationQuery,
  Renewal,
  ReservationChange,
  ReservationDocument,
  ReservationList,
  ReservationListQuery,
} from './reservation.dto.js';
import type { Target } from './reservation-writer.js';
import { ReservationsService } from './reservations.service.js';

const READERS = ['member', 'reader'] as const;
const PREVIEW = 'With dryRun=true: the reservation as it would be. Nothing was taken, and nobody told.';
const CREATE = ['not-found', 'duplicate-id', 'address-in-use', 'idempotency-key-reused'] as const;

@ApiTags('reservations')
@Controller()
export class ReservationsController {
  constructor(
    private readonly reservations: ReservationsService,
    private readonly bulk: BulkReservations,
  ) {}

  /** Lists all reservations. */
  @Get('reservations')
  @Route({ does: 'reservation.list', access: READERS, answers: 'reservations', problems: ['invalid-field'] })
  @ApiOkResponse({ type: ReservationList })
  listReservations(@Req() request: FastifyRequest, @Query() query: ReservationListQuery): Promise<Reply> {
    return this.reservations.list(undefined, query, wantsWhole(request, 'reservations', query));
  }

  /** Lists the reservations of a pool. */
  @Get('pools/:id/reservations')
  @Route({
    does: 'reservation.list',
    access: READERS,
    answers: 'reservations',
    problems: ['not-found', 'invalid-field'],
  })
  @ApiOkResponse({ type: ReservationList })
  listPoolReservations(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: ReservationListQuery,
  ): Promise<Reply> {
    const target = { noun: 'pool', id: pathId('pool', id) } as const;
    return this.reservations.list(target, query, wantsWhole(request, 'reservations', query));
  }

  /** Reserves addresses in any one subnet of a pool. */
  @Post('pools/:id/reservations')
  @Route({
    does: 'reservation.create',
    access: ['member'],
    reads: 'reservation',
    answers: 'reservation',
    status: 201,
    problems: [...CREATE, 'pool-exhausted'],
  })
  @ApiCreatedResponse({ type: ReservationDocument })
  @ApiOkResponse({ type: ReservationDocument, description: PREVIEW })
  reserveInPool(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: NewReservationQuery,
    @Body() body: NewReservation,
  ): Promise<Reply> {
    return this.reserve(caller, { noun: 'pool', id: pathId('pool', id) }, query, body);
  }

  /** Lists the reservations of a subnet. */
  @Get('subnets/:id/reservations')
  @Route({
    does: 'reservation.list',
    access: READERS,
    answers: 'reservations',
    problems: ['not-found', 'invalid-field'],
  })
  @ApiOkResponse({ type: ReservationList })
  listSubnetReservations(
    @Req() request: FastifyRequest,
    @Param('id') id: string,
    @Query() query: ReservationListQuery,
  ): Promise<Reply> {
    const target = { noun: 'subnet', id: pathId('subnet', id) } as const;
    return this.reservations.list(target, query, wantsWhole(request, 'reservations', query));
  }

  /** Reserves addresses in a subnet. */
  @Post('subnets/:id/reservations')
  @Route({
    does: 'reservation.create',
    access: ['member'],
    reads: 'reservation',
    answers: 'reservation',
    status: 201,
    problems: [...CREATE, 'subnet-exhausted'],
  })
  @ApiCreatedResponse({ type: ReservationDocument })
  @ApiOkResponse({ type: ReservationDocument, description: PREVIEW })
  reserveInSubnet(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: NewReservationQuery,
    @Body() body: NewReservation,
  ): Promise<Reply> {
    return this.reserve(caller, { noun: 'subnet', id: pathId('subnet', id) }, query, body);
  }

  private reserve(
    caller: Caller,
    target: Target,
    { dryRun }: NewReservationQuery,
    body: NewReservation,
  ): Promise<Reply> {
    return dryRun === 'true'
      ? this.reservations.preview(caller, target, body)
      : this.reservations.create(caller, target, body);
  }

  /**
   * Releases and makes many reservations in one transaction: first all of `release`, then all of `create`, so that what is
   * released can be had again. Each item has a result of its own, in that order, with the status that its own request would
   * have had; with `atomic` the first that fails is the answer instead, and nothing is changed. At most 1000 items; what is
   * created, and what is released, may be 20000 addresses.
   */
  @Post('reservations/bulk')
  @Route({
    does: 'reservation.bulk',
    items: { release: 'reservation.delete', create: 'reservation.create' },
    access: ['member'],
    reads: 'json',
    problems: [
      ...CREATE,
      ...(['subnet-exhausted', 'pool-exhausted', 'quota-exceeded', 'precondition-failed'] as const),
    ],
  })
  @ApiOkResponse({ type: BulkResults })
  bulkReservations(@FromCaller() caller: Caller, @Body() body: BulkRequest): Promise<Reply> {
    return this.bulk.run(caller, body);
  }

  /** Shows a reservation with its leases. */
  @Get('reservations/:id')
  @Route({ does: 'reservation.get', access: READERS, versioned: true, answers: 'reservation', problems: ['not-found'] })
  @ApiOkResponse({ type: ReservationDocument })
  getReservation(@Param('id') id: string): Promise<Reply> {
    return this.reservations.show(id);
  }

  /** Changes what is sent of a reservation's name, tags, metadata and end (JSON merge patch). */
  @Patch('reservations/:id')
  @Route({
    does: 'reservation.update',
    access: ['member'],
    reads: 'reservation',
    answers: 'reservation',
    problems: ['not-found', 'in-use', 'precondition-failed'],
  })
  @ApiOkResponse({ type: ReservationDocument })
  updateReservation(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: ReservationChange,
  ): Promise<Reply> {
    return this.reservations.update(caller, id, body, 'patch');
  }

  /** Replaces name, tags and metadata of a reservation. */
  @Put('reservations/:id')
  @Route({
    does: 'reservation.update',
    access: ['member'],
    reads: 'reservation',
    answers: 'reservation',
    problems: ['not-found', 'in-use', 'precondition-failed'],
  })
  @ApiOkResponse({ type: ReservationDocument })
  replaceReservation(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: ReservationChange,
  ): Promise<Reply> {
    return this.reservations.update(caller, id, body, 'put');
  }

  /**
   * Moves the end of a reservation on: by `ttl` seconds from now, to `expiresAt`, or for its own ttl again. One that has
   * ended is not found, also before its addresses are free.
   */
  @Post('reservations/:id/renew')
  @Route({
    does: 'reservation.renew',
    access: ['member'],
    reads: 'json',
    answers: 'reservation',
    problems: ['not-found', 'in-use', 'precondition-failed', 'idempotency-key-reused'],
  })
  @ApiOkResponse({ type: ReservationDocument })
  renewReservation(@FromCaller() caller: Caller, @Param('id') id: string, @Body() body: Renewal): Promise<Reply> {
    return this.reservations.renew(caller, id, body);
  }

  /** Releases all addresses of a reservation and removes it. */
  @Delete('reservations/:id')
  @Route({
    does: 'reservation.delete',
    access: ['member'],
    status: 204,
    problems: ['not-found', 'precondition-failed', 'invalid-field'],
  })
  @ApiNoContentResponse()
  deleteReservation(
    @FromCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { reason }: ReleaseQuery,
  ): Promise<Reply> {
    return this.reservations.delete(caller, id, reason ?? null);
  }
}
