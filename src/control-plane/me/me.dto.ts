import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../../platform/auth/principal.js';
import { QuotaUsage } from '../quotas/quota.dto.js';

/** Who the caller is, as its token says, and what it may hold. */
export class MeDocument {
  /** Owner of what it makes, unless it says otherwise. */
  @ApiProperty()
  name: string;

  @ApiProperty({ enum: ROLES })
  role: Role;

  /** The project for which it may act too; null without one. */
  @ApiProperty({ type: String, nullable: true })
  project: string | null;

  /** Of the role gateway: id or name of its machine; else null. */
  @ApiProperty({ type: String, nullable: true })
  gateway: string | null;

  /** Addresses that one request may ask for, whoever makes it. */
  @ApiProperty({ type: 'integer' })
  maxAddressesPerRequest: number;

  /** Quota and what is held, of its name and of its project. */
  @ApiProperty({ type: [QuotaUsage] })
  usage: QuotaUsage[];
}
