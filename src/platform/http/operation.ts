/**
 * What a route does, `<noun>.<verb>`: the noun as events have it, the verb `list`, `get`, `create`, `update`, `delete` or
 * one of its own (`renew`). Several routes may do the same: a reservation is made below a pool or below a subnet.
 */
export type Operation = `${string}.${string}`;

/** Whether it changes something. */
export const isChange = (operation: Operation): boolean => !/\.(?:get|list)$/.test(operation);

/** One parameter of a route's path. */
export interface PathMember {
  /** As the route has it: `id` of `/pools/:id/reservations`. */
  parameter: string;
  /** What it is called where path, query and body are one object: `pool`. */
  member: string;
}

/**
 * The parameters of a path, with names that stand beside those of the body: an id is `id` where it is one of the operation's
 * own noun, and the noun's name otherwise.
 */
export function pathMembers(url: string, operation: Operation): PathMember[] {
  const [noun] = operation.split('.');
  const parts = url.split('/');
  return parts.flatMap((part, n) => {
    if (!part.startsWith(':')) return [];
    const parameter = part.slice(1);
    const above = (parts[n - 1] ?? '').replace(/s$/, '');
    return [{ parameter, member: parameter === 'id' && above !== noun ? above : parameter }];
  });
}
