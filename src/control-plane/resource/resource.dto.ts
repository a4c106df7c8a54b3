import { ApiHideProperty, ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsInt, IsOptional, Max, Min } from 'class-validator';
import { asSent } from '../../platform/http/quick-input.js';
import type { JsonText } from '../../platform/json/json-text.js';
import type { ResourceEntity } from './resource.entity.js';
import { IsLine, IsMetadata, IsMetadataMatch, LIMITS, MayBeAbsent, Repeatable } from './validators.js';

/** How often a filter may be repeated. */
const MAX_FILTERS = 16;

const ANY_JSON = {
  description: 'Any JSON value; returned as it came, key order and large integers included.',
  nullable: true,
} as const;

/** What every resource has. */
export class ResourceDocument {
  /** UUID, or the id that the client chose. */
  @ApiProperty({ example: '0192f0c1-7a3e-7c11-9d0a-3b5f6c7d8e9f' })
  id: string;

  @ApiProperty()
  name: string;

  @ApiProperty({ type: [String] })
  tags: string[];

  @ApiProperty({ ...ANY_JSON, type: Object, additionalProperties: true })
  metadata: JsonText;

  /** When it was made (RFC 3339). */
  @ApiProperty({ type: String, format: 'date-time' })
  createdAt: Date;

  /** When it was last changed (RFC 3339). */
  @ApiProperty({ type: String, format: 'date-time' })
  updatedAt: Date;

  /** Grows with every change; the ETag is made of it. */
  @ApiProperty({ example: 1 })
  version: number;
}

/** The common members of a document, in the contract's order. */
export function commonOf(entity: ResourceEntity): Pick<ResourceDocument, 'id' | 'name' | 'tags' | 'metadata'> {
  return { id: entity.id, name: entity.name, tags: entity.tags, metadata: entity.metadata };
}

export function stampsOf(entity: ResourceEntity): Pick<ResourceDocument, 'createdAt' | 'updatedAt' | 'version'> {
  return { createdAt: entity.createdAt, updatedAt: entity.updatedAt, version: entity.version };
}

/** What every change may hold. */
export class ResourceChange {
  /** A name for people; null is the empty name. */
  @ApiProperty({ required: false, maxLength: LIMITS.name })
  @IsOptional()
  @IsLine()
  name?: string | null;

  /** Labels to find it by; null is none. */
  @ApiProperty({ required: false, type: [String], maxItems: LIMITS.tags })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(LIMITS.tags)
  @IsLine(LIMITS.tag, { each: true })
  tags?: string[] | null;

  @ApiProperty({ ...ANY_JSON, required: false, type: Object, additionalProperties: true })
  @IsOptional()
  @Transform(asSent)
  @IsMetadata()
  metadata?: JsonText;

  /** Accepted because clients send the whole resource back; ignored: the URL counts. */
  @ApiHideProperty()
  @MayBeAbsent()
  @IsLine(64)
  id?: string;
}

/** What every new resource may hold. */
export class NewResource extends ResourceChange {
  /** The client's own choice: 24 hexadecimal digits or a UUID. Left out or empty: Berth makes one. */
  @ApiProperty({ required: false, example: '6b024480686c824ea09e15b6' })
  declare id?: string;
}

/** Query parameters of every list. */
export class PageQuery {
  /** How many at most, 1 to 1000. Default 100. */
  @ApiProperty({ required: false, minimum: 1, maximum: 1000, default: 100 })
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit?: number;

  /** Where the page begins: `next` of the page before. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine(4096)
  cursor?: string;
}

/** Query parameters of every list of resources. */
export class ListQuery extends PageQuery {
  /** Only those of exactly this name. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  name?: string;

  /** Only those whose name begins so. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  namePrefix?: string;

  /** Only those with this tag; given several times: with all of them. */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_FILTERS })
  @MayBeAbsent()
  @Repeatable()
  @ArrayMaxSize(MAX_FILTERS)
  @IsLine(LIMITS.tag, { each: true })
  tag?: string[];

  /**
   * Only those with this value in their metadata: `rack.slot:12`, path and scalar; `:text` when all of metadata is that
   * text. A backslash before a dot or colon makes it part of a name. Several times: all of them.
   */
  @ApiProperty({ required: false, type: [String], maxItems: MAX_FILTERS, example: ['rack.slot:12'] })
  @MayBeAbsent()
  @Repeatable()
  @ArrayMaxSize(MAX_FILTERS)
  @IsLine(1024, { each: true })
  @IsMetadataMatch({ each: true })
  metadata?: string[];

  /** See SortParameter: each list says by what it can be sorted. */
  sort?: string;
}

/** Query parameters of lists of owned things. */
export class OwnedListQuery extends ListQuery {
  /** Only those of this owner. */
  @ApiProperty({ required: false })
  @MayBeAbsent()
  @IsLine()
  owner?: string;
}

/** Query parameters of releasing. */
export class ReleaseQuery {
  /** Why, for people; the events of the end say it. */
  @ApiProperty({ required: false, maxLength: LIMITS.name })
  @MayBeAbsent()
  @IsLine()
  reason?: string;
}
