import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import { MayBeAbsent } from '../resource/validators.js';

/** An event that NATS does not take. */
export class ParkedEvent {
  /** Its id, as `GET /events` tells it. */
  @ApiProperty()
  id: string;

  /** Its place in the one stream of all events; `GET /events?after=` with one less begins with it. */
  @ApiProperty({ example: 42 })
  position: number;

  @ApiProperty({ example: 'ipam.reservation.created' })
  type: string;

  @ApiProperty({ example: 'reservations/0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f' })
  subject: string;

  /** Size of the message. */
  @ApiProperty({ example: 1_400_000 })
  bytes: number;

  /** Why NATS does not take it. */
  @ApiProperty()
  reason: string;

  @ApiProperty({ type: String, format: 'date-time' })
  parkedAt: Date;
}

export class ParkedEventPage {
  @ApiProperty({ type: [ParkedEvent] })
  events: ParkedEvent[];

  /** `after` for the next page. */
  @ApiProperty({ example: 42 })
  last: number;
}

export class ParkedEventQuery {
  /** Only events after this place in the stream. Default: from the start. */
  @ApiProperty({ required: false, minimum: 0 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;

  /** Events of a page, 1 to 1000. Default 100. */
  @ApiProperty({ required: false, minimum: 1, maximum: 1000, default: 100 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;
}
