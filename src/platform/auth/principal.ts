/**
 * admin: everything. member: reads the shared, changes what belongs to its own name or project. reader: reads.
 * gateway: its own desired state and status only.
 */
export const ROLES = ['admin', 'member', 'reader', 'gateway'] as const;
export type Role = (typeof ROLES)[number];

/** Who makes a request, as its token says. */
export interface Principal {
  /** Claim `sub`. */
  name: string;
  role: Role;
  /** Claim `project`: a tenant whose things the member may change too. */
  project?: string;
  /** Claim `gateway`, for the role gateway: id or name of its machine. */
  gateway?: string;
}

/** With AUTH=none (loopback only) everybody is this. */
export const ANYBODY: Principal = { name: 'anybody', role: 'admin' };

/** True when the principal may change what this owner has. */
export function owns(principal: Principal, owner: string): boolean {
  if (principal.role === 'admin') return true;
  return principal.role === 'member' && (owner === principal.name || owner === principal.project);
}
