import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { IsLine, MayBeAbsent } from '../resource/validators.js';
import { NOUNS, type Noun } from './columns.js';
import { FORMATS } from './formats.js';

export const EXPORT_TYPES = ['all', 'pools', 'subnets', 'reservations', 'leases'] as const;
export const EXPORT_FORMATS = Object.keys(FORMATS) as (keyof typeof FORMATS)[];

export class ExportQuery {
  /** What: one noun, or `all` (the default): pools, then subnets, reservations, leases. */
  @ApiProperty({ required: false, enum: EXPORT_TYPES, default: 'all' })
  @MayBeAbsent()
  @IsIn(EXPORT_TYPES)
  type?: (typeof EXPORT_TYPES)[number];

  /** `json` (the default): one document. `ndjson`: one object a line. `csv`: RFC 4180 with a header line. */
  @ApiProperty({ required: false, enum: EXPORT_FORMATS, default: 'json' })
  @MayBeAbsent()
  @IsIn(EXPORT_FORMATS)
  format?: keyof typeof FORMATS;

  /** Only this pool and what is in it: its id, or a name that only it has. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  pool?: string;
}

export const nounsOf = (type: ExportQuery['type']): readonly Noun[] =>
  type === undefined || type === 'all' ? NOUNS : NOUNS.filter((noun) => `${noun}s` === type);
