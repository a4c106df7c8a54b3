import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsBoolean, IsInt, Max, Min } from 'class-validator';
import { commonOf, ListQuery, ResourceChange, ResourceDocument, stampsOf } from '../resource/resource.dto.js';
import { BY_CREATED_AT, BY_NAME, SortParameter } from '../resource/sorting.js';
import { IsLine, MayBeAbsent } from '../resource/validators.js';
import type { WebhookEntity } from './webhook.entity.js';
import type { ProgressRow } from './webhook.queries.js';

const MAX_PATTERNS = 64;
const LONGEST_URL = 2_000;
const WEEK = 604_800;
const STATES = ['active', 'failing', 'disabled'] as const;

/** How its deliveries go. */
export class WebhookProgress {
  /** `failing`: the last attempt failed. */
  @ApiProperty({ enum: STATES })
  state: (typeof STATES)[number];

  /** Place in the stream up to which events were delivered, put aside, or not wanted. */
  @ApiProperty({ type: 'integer', example: 42 })
  position: number;

  /** Events that wait for another attempt, or for one before them about the same resource. */
  @ApiProperty({ type: 'integer' })
  waiting: number;

  @ApiProperty({ type: 'integer' })
  deadLetters: number;

  /** Places in the stream that were removed from the outbox before their turn came. */
  @ApiProperty({ type: 'integer' })
  missed: number;

  /** Since when every attempt has failed. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  failingSince: Date | null;

  /** What the last failed attempt met. */
  @ApiProperty({ type: String, nullable: true })
  lastError: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastDeliveredAt: Date | null;
}

/** A receiver of events over HTTP; its secret is told only when it is made. */
export class WebhookDocument extends ResourceDocument {
  @ApiProperty({ example: 'https://receiver.example/berth' })
  url: string;

  /** Types of the events that it gets; empty: all. */
  @ApiProperty({ type: [String], example: ['ipam.lease.*'] })
  types: string[];

  /** Resources whose events it gets; empty: all. */
  @ApiProperty({ type: [String], example: ['leases/*'] })
  subjects: string[];

  /** Owners whose resources' events it gets; empty: all. */
  @ApiProperty({ type: [String] })
  owners: string[];

  @ApiProperty()
  enabled: boolean;

  /** Why Berth disabled it by itself. */
  @ApiProperty({ type: String, nullable: true })
  disabledReason: string | null;

  /** Until when the secret before the last rotation signs too (RFC 3339). */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  oldSecretUntil: Date | null;

  /** In answers to GET; not part of what the ETag stands for. */
  @ApiProperty({ type: WebhookProgress, required: false })
  progress?: WebhookProgress;

  /** `whsec_` and base64; in the answers that make one, and nowhere else. */
  @ApiProperty({ required: false })
  secret?: string;

  static from(entity: WebhookEntity, row?: ProgressRow): WebhookDocument {
    const { url, types, subjects, owners, enabled, disabledReason, oldSecretUntil } = entity;
    const state = !enabled ? 'disabled' : row?.failingSince == null ? 'active' : 'failing';
    return {
      ...commonOf(entity),
      ...{ url, types, subjects, owners, enabled, disabledReason, oldSecretUntil },
      ...(row === undefined ? {} : { progress: progressOf(row, state) }),
      ...stampsOf(entity),
    };
  }
}

const progressOf = (row: ProgressRow, state: WebhookProgress['state']): WebhookProgress => {
  const { position, waiting, deadLetters, missed, failingSince, lastError, lastDeliveredAt } = row;
  return { state, position, waiting, deadLetters, missed, failingSince, lastError, lastDeliveredAt };
};

export class WebhookList {
  @ApiProperty({ type: [WebhookDocument] })
  webhooks: WebhookDocument[];

  /** Cursor of the next page; absent on the last. */
  @ApiProperty({ required: false })
  next?: string;
}

export class WebhookChange extends ResourceChange {
  /** `https`, or `http` where WEBHOOKS_ALLOW has it; without user and password. */
  @ApiProperty({ required: false, maxLength: LONGEST_URL, example: 'https://receiver.example/berth' })
  @MayBeAbsent()
  @IsLine(LONGEST_URL)
  url?: string;

  /** Types such as `ipam.lease.created`; `ipam.lease.*` is all that begin with `ipam.lease.`. Default: all. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_PATTERNS, example: ['ipam.lease.*'] })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_PATTERNS)
  @IsLine(255, { each: true })
  types?: string[];

  /** Resources such as `leases/<id>`; `leases/*` is all leases. Default: all. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_PATTERNS, example: ['leases/*'] })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_PATTERNS)
  @IsLine(255, { each: true })
  subjects?: string[];

  /** Owners of the resources. Default: all, and what has no owner. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_PATTERNS })
  @MayBeAbsent()
  @IsArray()
  @ArrayMaxSize(MAX_PATTERNS)
  @IsLine(255, { each: true })
  owners?: string[];

  /** False: events wait in the outbox. True again: it goes on where it was. Default true. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsBoolean()
  enabled?: boolean;
}

export class NewWebhook extends WebhookChange {
  /** The client's own choice: 24 hexadecimal digits or a UUID. Left out or empty: Berth makes one. */
  @ApiProperty({ required: false, example: '6b024480686c824ea09e15b6' })
  declare id?: string;

  /** `https`, or `http` where WEBHOOKS_ALLOW has it; without user and password. */
  @ApiProperty({ maxLength: LONGEST_URL, example: 'https://receiver.example/berth' })
  @IsLine(LONGEST_URL)
  declare url: string;

  /** Begin after this place in the stream; 0: with all there is. Default: from now on. */
  @ApiProperty({ required: false, type: 'integer', minimum: 0 })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  after?: number;
}

export class SecretRotation {
  /** For how many seconds the secret before signs too, 0 to a week. Default 86400, a day. */
  @ApiProperty({ required: false, type: 'integer', minimum: 0, maximum: WEEK })
  @MayBeAbsent()
  @IsInt()
  @Min(0)
  @Max(WEEK)
  overlapSeconds?: number;
}

/** How an attempt went. */
export class TestOutcome {
  @ApiProperty()
  delivered: boolean;

  /** Status of the answer; null: there was none. */
  @ApiProperty({ type: 'integer', nullable: true })
  status: number | null;

  /** Why it was not delivered. */
  @ApiProperty({ type: String, nullable: true })
  error: string | null;

  /** How long it took. */
  @ApiProperty({ type: 'integer' })
  milliseconds: number;
}

export const WEBHOOK_SORTS = { ...BY_NAME, ...BY_CREATED_AT };

export class WebhookListQuery extends ListQuery {
  @SortParameter(WEBHOOK_SORTS)
  declare sort?: string;
}
