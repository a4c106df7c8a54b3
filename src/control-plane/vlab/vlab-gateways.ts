import { Injectable } from '@nestjs/common';
import type { GatewayMode } from '../../contract/desired-state.js';
import { Database } from '../../platform/database/database.js';
import { noAccess } from './vlab-refusal.js';
import { GATEWAY_OF } from './vlab.queries.js';

export interface UsersGateway {
  id: string;
  name: string;
  owner: string;
  externalAddress: string;
  poolId: string | null;
  mode: GatewayMode | null;
  /** Its owner is the user. */
  isOwn: boolean;
}

/** Finds the gateway that a user's request is for: the face has one address for all of them. */
@Injectable()
export class VlabGateways {
  constructor(private readonly database: Database) {}

  /** The gateway that the user owns: the whole name counts, its case does not (contracts/vlab.md section 4). */
  async owned(username: string): Promise<UsersGateway> {
    return this.one(username, false);
  }

  /** The same; for a user without one the only gateway there is. */
  async visible(username: string): Promise<UsersGateway> {
    return this.one(username, true);
  }

  /** Rejects when the database does not answer. */
  async ping(): Promise<void> {
    await this.database.query('SELECT 1');
  }

  private async one(username: string, orOnly: boolean): Promise<UsersGateway> {
    const [gateway] = await this.database.query<UsersGateway>(GATEWAY_OF, [username, orOnly]);
    if (gateway === undefined) throw noAccess(username);
    return gateway;
  }
}
