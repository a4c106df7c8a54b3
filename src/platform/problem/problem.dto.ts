import { ApiProperty } from '@nestjs/swagger';
import { PROBLEM_CODES } from './problem.js';

/** One input error. */
export class FieldErrorDocument {
  /** The field as it was sent; nested ones with dots and indexes: `ports.0.targetPort`. */
  @ApiProperty()
  field: string;

  /** What is wrong with it. */
  @ApiProperty()
  message: string;
}

/** Problem details (RFC 9457). */
export class ProblemDocument {
  /** Always `about:blank`: the meaning is in `code`. */
  @ApiProperty({ example: 'about:blank' })
  type: string;

  /** The HTTP status in words. */
  @ApiProperty({ example: 'Conflict' })
  title: string;

  /** The HTTP status. */
  @ApiProperty({ example: 409 })
  status: number;

  /** For people: what is wrong and what to do. */
  @ApiProperty()
  detail: string;

  /** Names this occurrence; the log has the same. */
  @ApiProperty({ example: 'urn:uuid:0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f' })
  instance: string;

  /** Stable, for programs. */
  @ApiProperty({ enum: Object.keys(PROBLEM_CODES) })
  code: string;

  /** The input errors, for `invalid-field`; of a bulk request also which item the problem is of. */
  @ApiProperty({ type: [FieldErrorDocument], required: false })
  errors?: FieldErrorDocument[];
}
