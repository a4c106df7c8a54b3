import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import { DRIFT_LIMITS, DRIFT_OUTCOMES, type DriftOutcome, type ObservedDrift } from '../../contract/desired-state.js';
import { IsTime } from '../resource/time.js';
import { IsLine, MayBeAbsent } from '../resource/validators.js';

/** What a gateway found changed by somebody else. */
export class DriftInput implements ObservedDrift {
  @ApiProperty({ format: 'date-time' })
  @IsTime()
  at: string;

  @ApiProperty({ type: String, nullable: true })
  @IsOptional()
  @IsLine()
  program: string | null;

  @ApiProperty({ type: [String], maxItems: DRIFT_LIMITS.lines })
  @IsArray()
  @ArrayMaxSize(DRIFT_LIMITS.lines)
  @IsLine(DRIFT_LIMITS.line, { each: true })
  found: string[];

  @ApiProperty()
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  maps: number;

  @ApiProperty({ enum: DRIFT_OUTCOMES })
  @IsIn(DRIFT_OUTCOMES)
  outcome: DriftOutcome;
}

export class DriftDocument {
  /** When the gateway found it. */
  @ApiProperty({ type: String, format: 'date-time' })
  at: Date;

  /** Name of the program that changed it, when the kernel told; null when that is not known. */
  @ApiProperty({ type: String, nullable: true, example: 'iptables' })
  program: string | null;

  /** What was changed. */
  @ApiProperty({ type: [String] })
  found: string[];

  /** Port maps that were not as wanted in between. */
  @ApiProperty()
  maps: number;

  /** `repaired`, or `contested`: another program undoes every repair, so it was left alone for a minute, with an alarm. */
  @ApiProperty({ enum: DRIFT_OUTCOMES })
  outcome: DriftOutcome;
}

export class DriftList {
  /** The newest first. */
  @ApiProperty({ type: [DriftDocument] })
  drift: DriftDocument[];

  /** For `before`, to see the next page; absent on the last. */
  @ApiProperty({ required: false, format: 'date-time' })
  next?: string;
}

export class DriftQuery {
  /** How many at most, 1 to 100. Default 50. */
  @ApiProperty({ type: 'integer', required: false, minimum: 1, maximum: 100, default: 50 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(100)
  limit?: number;

  /** Only what was found before this time. */
  @ApiProperty({ required: false, format: 'date-time' })
  @MayBeAbsent()
  @IsTime()
  before?: string;
}
