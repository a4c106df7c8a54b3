import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { ApiOkResponse, ApiProperty, ApiTags } from '@nestjs/swagger';
import { Database } from '../../platform/database/database.js';
import { reply, type Reply } from '../../platform/http/reply.js';
import { Route } from '../../platform/http/route.js';
import { FAILED_NAMES, ZONES } from './dns.queries.js';

const MAX_ZONES = 1_000;
const MAX_FAILED = 10;

/** A name that cannot be told. */
export class FailedName {
  @ApiProperty({ example: 'web.lab.example.org' })
  name: string;

  /** Why, for people. */
  @ApiProperty()
  problem: string;

  /** Id of the reservation that wants it; null when it shall go. */
  @ApiProperty({ type: String, nullable: true })
  reservation: string | null;
}

/** How far the names of one zone have come. */
export class DnsZoneDocument {
  @ApiProperty({ example: 'lab.example.org' })
  zone: string;

  @ApiProperty({ example: 'ns1.example.org' })
  server: string;

  /** Name of the key that signs. */
  @ApiProperty({ example: 'berth' })
  key: string;

  /** What keeps all of the zone's names from being told, for people; null when nothing does. */
  @ApiProperty({ type: String, nullable: true })
  problem: string | null;

  /** When the server last did what it was asked (RFC 3339); null: never yet. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  answeredAt: Date | null;

  /** With a problem: when it is tried again (RFC 3339). */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  nextTryAt: Date | null;

  /** Names that the server tells as they shall be. */
  @ApiProperty({ type: 'integer' })
  told: number;

  /** Names that wait for their turn. */
  @ApiProperty({ type: 'integer' })
  waiting: number;

  /** Names that cannot be told, such as those that somebody else has records at. */
  @ApiProperty({ type: 'integer' })
  failed: number;

  /** The first ten of these. */
  @ApiProperty({ type: [FailedName] })
  failedNames: FailedName[];
}

export class DnsZoneList {
  @ApiProperty({ type: [DnsZoneDocument] })
  zones: DnsZoneDocument[];
}

export type ZoneRow = Omit<DnsZoneDocument, 'failedNames'>;

@Injectable()
export class DnsZonesService {
  constructor(private readonly database: Database) {}

  async list(): Promise<Reply> {
    const rows = await this.database.query<ZoneRow>(ZONES, [MAX_ZONES]);
    const failed = await this.database.query<FailedName & Pick<ZoneRow, 'server' | 'zone'>>(FAILED_NAMES, [MAX_FAILED]);
    const zones = rows.map((row) => ({
      ...row,
      failedNames: failed
        .filter(({ server, zone }) => server === row.server && zone === row.zone)
        .map(({ name, problem, reservation }) => ({ name, problem, reservation })),
    }));
    return reply({ body: { zones } });
  }
}

@ApiTags('dns')
@Controller('dns-zones')
export class DnsZonesController {
  constructor(private readonly zones: DnsZonesService) {}

  /** Lists the zones in which names of leases are kept, and how far that has come; the first 1000. */
  @Get()
  @Route({ access: ['reader'] })
  @ApiOkResponse({ type: DnsZoneList })
  listDnsZones(): Promise<Reply> {
    return this.zones.list();
  }
}

@Module({ controllers: [DnsZonesController], providers: [DnsZonesService] })
export class DnsModule {}
