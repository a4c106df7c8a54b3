import { ApiProperty } from '@nestjs/swagger';

/** Addresses by what they are now. Counts are decimal texts: those of IPv6 are beyond what JSON numbers hold. */
export class CapacityDocument {
  /** Addresses from first to last: held + free + resting + excluded. */
  @ApiProperty({ example: '254' })
  size: string;

  /** Held by leases. */
  @ApiProperty({ example: '17' })
  held: string;

  /** To be had now. */
  @ApiProperty({ example: '230' })
  free: string;

  /** Released, but not to be had yet: a gateway may still forward to them, or their quarantine lasts. */
  @ApiProperty({ example: '2' })
  resting: string;

  /** Never handed out. */
  @ApiProperty({ example: '5' })
  excluded: string;

  /** Share of what is handed out that is not free, 0 to 1; 0 where there is nothing. */
  @ApiProperty({ example: 0.0763, minimum: 0, maximum: 1, format: 'double' })
  utilization: number;

  /** When it was counted (RFC 3339): in lists and documents some seconds ago. */
  @ApiProperty({ type: String, format: 'date-time' })
  measuredAt: Date;
}

/** Free aligned blocks of one length. */
export class FreeBlocks {
  @ApiProperty({ example: 28 })
  prefixLength: number;

  /** Free blocks of this length that are part of no longer free block: together they are all that is free. */
  @ApiProperty({ example: '1' })
  blocks: string;

  /** How many blocks of this length could be had at once. */
  @ApiProperty({ example: '14' })
  fits: string;
}

/** Addresses in a row. */
export class FreeRun {
  @ApiProperty({ example: '10.20.0.18' })
  start: string;

  @ApiProperty({ example: '10.20.0.254' })
  end: string;

  @ApiProperty({ example: '237' })
  size: string;
}

/** Free space of one family, by size. */
export class FreeSpaceDocument {
  /** 4 or 6. */
  @ApiProperty({ enum: [4, 6] })
  family: number;

  /** Stretches of free addresses. */
  @ApiProperty({ example: '3' })
  runs: string;

  /** The longest stretch; of several the lowest. */
  @ApiProperty({ type: FreeRun })
  largestRun: FreeRun;

  /** The largest aligned block; of several the lowest. */
  @ApiProperty({ example: '10.20.0.128/26' })
  largestBlock: string;

  /** By length, largest blocks first; lengths without a block are left out. */
  @ApiProperty({ type: [FreeBlocks] })
  blocks: FreeBlocks[];
}

/** Addresses a day, net of releases, by the trend of the last 30 days. */
export class RateDocument {
  @ApiProperty({ example: 12.5, format: 'double' })
  perDay: number;

  /** Four of five rates that were seen, over stretches of at least a quarter of that time, are from low to high. */
  @ApiProperty({ example: 9.1, format: 'double' })
  low: number;

  @ApiProperty({ example: 15, format: 'double' })
  high: number;
}

export class ExhaustionDocument {
  /** Days until nothing is free, if it goes on like this; null: see reason. */
  @ApiProperty({ type: Number, nullable: true, example: 18.4, format: 'double' })
  days: number | null;

  /** The same at the highest of the usual rates; null: not even then. */
  @ApiProperty({ type: Number, nullable: true, example: 15.3, format: 'double' })
  soonest: number | null;

  /** The same at the lowest of the usual rates; null: perhaps never. */
  @ApiProperty({ type: Number, nullable: true, example: 25.2, format: 'double' })
  latest: number | null;

  /** Why `days` is null: less than a day is known, or what is held does not grow. */
  @ApiProperty({ required: false, enum: ['history-too-short', 'not-growing'] })
  reason?: string;
}

/** Capacity of a pool or a subnet, counted now. */
export class CapacityReport extends CapacityDocument {
  /** For each family that has any free space. */
  @ApiProperty({ type: [FreeSpaceDocument] })
  freeSpace: FreeSpaceDocument[];

  /** True when free space is in more pieces than a report looks at: `freeSpace` is about some of them. */
  @ApiProperty()
  truncated: boolean;

  /** Null: less than a day is known. */
  @ApiProperty({ type: RateDocument, nullable: true })
  rate: RateDocument | null;

  @ApiProperty({ type: ExhaustionDocument })
  exhaustion: ExhaustionDocument;
}
