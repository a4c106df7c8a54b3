import { ApiExtraModels, ApiProperty, getSchemaPath } from '@nestjs/swagger';
import { plainToInstance, Transform, Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsBoolean, IsObject, ValidateNested } from 'class-validator';
import { ProblemDocument } from '../../platform/problem/problem.dto.js';
import { IsLine, LIMITS, MayBeAbsent } from '../resource/validators.js';
import { NewReservation, ReservationDocument } from './reservation.dto.js';

/** Items of one request, of both kinds together. */
export const MAX_ITEMS = 1000;
/** Addresses that one request may take, and may give back. */
export const MAX_ADDRESSES = 20_000;

/** A reservation that is to end. */
export class BulkRelease {
  /** Id of the reservation. */
  @ApiProperty()
  @IsLine()
  id: string;

  /** Why, for people; the events of the end say it. */
  @ApiProperty({ required: false, maxLength: LIMITS.name })
  @MayBeAbsent()
  @IsLine()
  reason?: string;

  /** Only if its version is this: an ETag, as in the header If-Match. */
  @ApiProperty({ required: false, example: '"3"' })
  @MayBeAbsent()
  @IsLine()
  ifMatch?: string;
}

/** A reservation that is to be made: as in a request of its own, and where. */
export class BulkCreate extends NewReservation {
  /** Id of the pool to take addresses of, all of one subnet. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  pool?: string;

  /** Id of the subnet to take addresses of, instead of a pool. */
  @ApiProperty({ required: false, deprecated: false })
  @MayBeAbsent()
  @IsLine()
  declare subnet?: string;
}

/** An id alone stands for a release without more. */
const releaseOf = (item: unknown): unknown =>
  typeof item === 'string'
    ? Object.assign(new BulkRelease(), { id: item })
    : typeof item === 'object' && item !== null && !Array.isArray(item)
      ? plainToInstance(BulkRelease, item)
      : item;

@ApiExtraModels(BulkRelease)
export class BulkRequest {
  /** Reservations that are to end, before any is made; each an object, or only its id. */
  @ApiProperty({
    required: false,
    type: 'array',
    maxItems: MAX_ITEMS,
    items: { oneOf: [{ $ref: getSchemaPath(BulkRelease) }, { type: 'string' }] },
  })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Transform(({ obj }: { obj: { release?: unknown } }) =>
    Array.isArray(obj.release) ? obj.release.map(releaseOf) : obj.release,
  )
  release?: BulkRelease[];

  /** Reservations that are to be made; each names its pool or its subnet. */
  @ApiProperty({ required: false, type: [BulkCreate], maxItems: MAX_ITEMS })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_ITEMS)
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => BulkCreate)
  create?: BulkCreate[];

  /** All or nothing: the first item that fails is the answer, and nothing is changed. Default false. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsBoolean()
  atomic?: boolean;
}

/** What became of one item. */
export class BulkResult {
  /** The status that a request of its own would have had: 204 released, 201 made, else that of the problem. */
  @ApiProperty({ type: 'integer', example: 201 })
  status: number;

  /** Where the reservation that was made is. */
  @ApiProperty({ required: false })
  location?: string;

  /** The reservation that was made. */
  @ApiProperty({ required: false, type: ReservationDocument })
  reservation?: ReservationDocument;

  /** Why it was not done; its `errors` name the item: `create.7`, `release.0.ifMatch`. */
  @ApiProperty({ required: false, type: ProblemDocument })
  problem?: ProblemDocument;
}

export class BulkResults {
  /** First those of `release`, then those of `create`, in order. */
  @ApiProperty({ type: [BulkResult] })
  results: BulkResult[];
}
