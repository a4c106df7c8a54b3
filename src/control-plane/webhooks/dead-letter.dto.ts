import { ApiProperty } from '@nestjs/swagger';
import { EventDocument } from '../events/event.dto.js';
import { PageQuery } from '../resource/resource.dto.js';
import { IsLine, MayBeAbsent } from '../resource/validators.js';

/** An event that a receiver did not take, however often it was tried. */
export class DeadLetter {
  /** Id of the event. */
  @ApiProperty()
  id: string;

  /** Its place in the stream. */
  @ApiProperty({ type: 'integer', example: 42 })
  position: number;

  @ApiProperty({ example: 'ipam.lease.created' })
  type: string;

  @ApiProperty({ example: 'leases/0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f' })
  subject: string;

  @ApiProperty({ type: 'integer', example: 7 })
  attempts: number;

  /** What the last attempt met. */
  @ApiProperty({ type: String, nullable: true })
  error: string | null;

  /** When the last attempt failed. */
  @ApiProperty({ type: String, format: 'date-time' })
  deadAt: Date;

  /** What was sent. */
  @ApiProperty({ type: EventDocument })
  event: EventDocument;
}

export class DeadLetterList {
  @ApiProperty({ type: [DeadLetter] })
  deadLetters: DeadLetter[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class DeadLetterQuery extends PageQuery {
  /** Only events of this type. */
  @ApiProperty({ required: false, example: 'ipam.lease.created' })
  @MayBeAbsent()
  @IsLine()
  type?: string;

  /** Only events of this resource. */
  @ApiProperty({ required: false, example: 'leases/0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f' })
  @MayBeAbsent()
  @IsLine()
  subject?: string;
}

export class DeadLetterCount {
  /** How many it was done to. */
  @ApiProperty({ type: 'integer' })
  count: number;
}
