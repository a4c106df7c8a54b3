import type { Family } from '../../../ip/address.js';
import type { Bucket } from '../desired.js';
import { FirewallError, type Scope } from '../firewall.js';
import type { RunTool } from '../tool.js';
import { emptyLive, isAbsent, type Elements, type NftLive } from './live.js';
import { droppingChains, readElements, readTable, UnreadableListing } from './parse.js';
import { BUCKETS, fewOf, isBucket, NOTES, tableOf } from './ruleset.js';
import { isMissing, wordsOf } from './words.js';

/** Tools that list at the same time. */
const AT_ONCE = 2;

/**
 * Reading through short-lived `nft -j list ...`, whose exit code says whether the listing is whole. (The interactive tool
 * writes its output word by word: 8,000 writes for 1,000 elements.)
 *
 * Before it lists, the tool fetches what it needs, and again from the start when anybody commits meanwhile. nft 1.0.6
 * needs every element of a table to list a chain or the bare frame of it (300 ms for 50,000), but only those of one map to
 * list that map: so buckets can always be read, and the frame cannot under constant foreign commits.
 */
export class NftReading {
  constructor(
    private readonly run: RunTool,
    private readonly deadlines: { listMs: number; frameMs: number; toolMs: number },
  ) {}

  /** The whole table in one listing; when that does not finish, part by part, with what can be had of the frame. */
  whole(family: Family): Promise<NftLive> {
    return this.readable(async () => {
      try {
        const text = await this.list(['table', ...tableOf(family).split(' ')], this.deadlines.listMs);
        return text === undefined ? emptyLive(family) : await this.withBlockers(readTable(family, text));
      } catch (error) {
        if (!isLate(error)) throw error;
        return await this.parts(family, { buckets: new Set(BUCKETS), frame: true });
      }
    });
  }

  scope(family: Family, scope: Scope): Promise<NftLive> {
    return this.readable(() => this.parts(family, scope));
  }

  private async parts(family: Family, { buckets, frame }: Scope): Promise<NftLive> {
    const wanted = [...buckets].filter(isBucket);
    const [read, found] = await Promise.all([
      frame ? this.frame(family) : undefined,
      this.elements(family, [NOTES, ...wanted.flatMap((bucket) => [bucket, fewOf(bucket)])]),
    ]);
    if (read !== undefined && isAbsent(read)) return read;
    // Where a map or the notes are missing, something is wrong with more than them.
    if (!frame && [NOTES, ...wanted].some((name) => !found.has(name)))
      return this.parts(family, { buckets, frame: true });
    const live = new Map<Bucket, Elements>();
    for (const bucket of wanted) {
      const [own, few] = [found.get(bucket), found.get(fewOf(bucket))];
      if (own !== undefined || few !== undefined) live.set(bucket, new Map([...(own ?? []), ...(few ?? [])]));
    }
    return { ...emptyLive(family), ...read, frame: read?.frame, buckets: live, notes: found.get(NOTES) ?? new Map() };
  }

  /** The frame alone; left undefined when others do not let it be read. */
  private async frame(family: Family): Promise<NftLive> {
    try {
      const text = await this.list(['table', ...tableOf(family).split(' ')], this.deadlines.frameMs, ['-t']);
      if (text === undefined) return emptyLive(family);
      return await this.withBlockers({ ...readTable(family, text), buckets: new Map() });
    } catch (error) {
      if (isLate(error)) return { ...emptyLive(family), frame: undefined };
      throw error;
    }
  }

  private async withBlockers(live: NftLive): Promise<NftLive> {
    // Base chains without their rules: as cheap as it is little.
    const text = await this.list(['chains'], this.deadlines.toolMs);
    return { ...live, blockers: text === undefined ? [] : droppingChains(live.family, text) };
  }

  /** The elements of each of these that is there, some at a time. */
  private async elements(family: Family, names: readonly string[]): Promise<Map<string, Elements>> {
    const found = new Map<string, Elements>();
    const left = [...names];
    const work = async (): Promise<void> => {
      for (let name = left.shift(); name !== undefined; name = left.shift()) {
        const kind = name === NOTES ? 'set' : 'map';
        const text = await this.list([kind, ...tableOf(family).split(' '), name], this.deadlines.toolMs);
        if (text !== undefined) found.set(name, readElements(text, name));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return found;
  }

  /** Undefined when the thing is not there. */
  private async list(
    what: readonly string[],
    deadlineMs: number,
    options: readonly string[] = [],
  ): Promise<string | undefined> {
    const { code, stdout, stderr } = await this.run('nft', ['-j', ...options, 'list', ...what], { deadlineMs });
    if (code === 0) return stdout;
    if (isMissing(stderr)) return undefined;
    throw new FirewallError('unreadable', `nft list ${what.join(' ')} failed (exit code ${code}): ${wordsOf(stderr)}`);
  }

  private async readable<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof UnreadableListing) throw new FirewallError('unreadable', error.message);
      throw error;
    }
  }
}

const isLate = (error: unknown): boolean => error instanceof FirewallError && error.reason === 'deadline';
