/**
 * Whether the machines of a gateway answer, by address: true or false once they were looked at, absent before. Nobody looks
 * yet; where results of a probe are kept, this reads them.
 */
export function reachability(_gateway: string, _addresses: readonly string[]): Promise<ReadonlyMap<string, boolean>> {
  return Promise.resolve(new Map());
}

/** Of a machine with several addresses: true when one answers, false when none does, null while that is not known. */
export function routable(addresses: readonly string[], known: ReadonlyMap<string, boolean>): boolean | null {
  const answers = addresses.map((address) => known.get(address));
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? null : false;
}
