import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';
import { MayBeAbsent } from '../resource/validators.js';
import type { Noun } from './columns.js';
import { EXPORT_FORMATS, EXPORT_TYPES, nounsOf } from './export.dto.js';
import type { FORMATS } from './formats.js';

/** The media types that say how a file is written. */
export const FORMAT_OF: Readonly<Record<string, keyof typeof FORMATS>> = {
  'application/json': 'json',
  'application/x-ndjson': 'ndjson',
  'text/csv': 'csv',
};

export class ImportQuery {
  /** What the lines of a CSV file without a column `type` are. */
  @ApiProperty({ required: false, enum: EXPORT_TYPES, default: 'all' })
  @MayBeAbsent()
  @IsIn(EXPORT_TYPES)
  type?: (typeof EXPORT_TYPES)[number];

  /** As the Content-Type says; it need not be given. */
  @ApiProperty({ required: false, enum: EXPORT_FORMATS })
  @MayBeAbsent()
  @IsIn(EXPORT_FORMATS)
  format?: keyof typeof FORMATS;

  /** Check everything, and apply nothing. */
  @ApiProperty({ required: false, enum: ['true', 'false'], default: 'false' })
  @MayBeAbsent()
  @IsIn(['true', 'false'], { message: 'must be true or false' })
  dryRun?: 'true' | 'false';
}

/** The one noun that a file has; undefined when its lines say what they are. */
export function onlyNoun(type: ImportQuery['type']): Noun | undefined {
  const nouns = nounsOf(type);
  return nouns.length === 1 ? nouns[0] : undefined;
}
