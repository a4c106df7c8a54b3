import type {
  DesiredMap,
  DesiredState,
  ObservedMap,
  ObservedStatus,
  RemovedMap,
  StatusReport,
} from '../contract/desired-state.js';
import { ruleId } from '../contract/rule-id.js';

/**
 * A map of several ports is as many maps of one port to everything below: each has a rule or an element of its own, found,
 * compared, repaired and counted by itself (docs/decisions/0033-a-range-is-its-ports.md). The control plane knows it as one.
 */

/** No id of a resource has this character. */
const partId = (id: string, n: number): string => `${id}#${n}`;

/** The maps of one port that a map consists of. Hashing costs some 3 us a port. */
export function partsOf(map: DesiredMap): DesiredMap[] {
  const { id, ruleId: _whole, size = 1, ...content } = map;
  return Array.from({ length: size }, (_, n) => {
    const ports = { connectionPort: content.connectionPort + n, targetPort: content.targetPort + n };
    const part = { ...content, ...ports };
    return { ...part, id: partId(id, n), ruleId: ruleId(part) };
  });
}

const partsOfRemoved = ({ id, ruleId: whole, range }: RemovedMap): RemovedMap[] =>
  range === undefined
    ? [{ id, ruleId: whole }]
    : partsOf({ ...range, id, ruleId: whole }).map((part) => ({ id: part.id, ruleId: part.ruleId }));

/** A desired state in which every map has one port. */
export function parted(state: DesiredState, parts: (map: DesiredMap) => readonly DesiredMap[] = partsOf): DesiredState {
  if (!state.maps.some(isRange) && !state.removing.some(({ range }) => range !== undefined)) return state;
  return {
    ...state,
    maps: state.maps.flatMap((map) => (isRange(map) ? parts(map) : map)),
    removing: state.removing.flatMap(partsOfRemoved),
  };
}

const isRange = ({ size = 1 }: DesiredMap): boolean => size > 1;

/** A range that is wanted, and what is known of each of its parts. */
interface Range {
  id: string;
  ruleId: string;
  parts: readonly DesiredMap[];
  standing: Map<string, ObservedMap>;
}

/** The worst first: a range is as good as its worst port. */
const WORST: readonly ObservedStatus[] = ['failed', 'drifted', 'pending', 'active'];

/** Takes ranges apart on the way to the kernel, and puts together what is reported of their ports. */
export class PortRanges {
  private ranges = new Map<string, Range>();
  private rangeOf = new Map<string, Range>();
  /** Ranges that are being removed, by the parts of each. */
  private removing = new Map<string, readonly string[]>();

  expand(state: DesiredState): DesiredState {
    const before = this.ranges;
    this.ranges = new Map();
    const expanded = parted(state, (map) => {
      // The same parts as before, so that what the backends know of each is still known.
      const known = before.get(map.id);
      const range =
        known?.ruleId === map.ruleId
          ? known
          : { id: map.id, ruleId: map.ruleId, parts: partsOf(map), standing: new Map<string, ObservedMap>() };
      this.ranges.set(map.id, range);
      return range.parts;
    });
    this.rangeOf = new Map(
      [...this.ranges.values()].flatMap((range) => range.parts.map(({ id }) => [id, range] as const)),
    );
    this.removing = new Map(
      state.removing.flatMap((map) =>
        map.range === undefined ? [] : [[map.id, partsOfRemoved(map).map(({ id }) => id)] as const],
      ),
    );
    return expanded;
  }

  /**
   * A report about parts as one about maps. A range is told once all its ports have been looked at, since when a change of
   * some of them is enough to tell it again; it is gone once all of them are.
   */
  collapse(report: StatusReport): StatusReport {
    if (this.ranges.size === 0 && this.removing.size === 0) return report;
    const maps: ObservedMap[] = [];
    const touched = new Set<Range>();
    for (const map of report.maps) {
      const range = this.rangeOf.get(map.id);
      if (range === undefined) maps.push(map);
      else {
        range.standing.set(map.id, map);
        touched.add(range);
      }
    }
    for (const range of touched) if (range.standing.size === range.parts.length) maps.push(whole(range));
    const parts = new Set([...this.removing.values()].flat());
    const said = new Set(report.gone);
    const gone = report.gone.filter((id) => !parts.has(id));
    for (const [id, of] of this.removing) if (of.every((part) => said.has(part))) gone.push(id);
    return { ...report, maps, gone };
  }
}

function whole({ id, ruleId: rule, parts, standing }: Range): ObservedMap {
  const status = WORST.find((one) => [...standing.values()].some((part) => part.status === one)) ?? 'pending';
  const bad = parts.filter((part) => standing.get(part.id)?.status === status);
  const [first] = bad;
  const why = first === undefined ? null : (standing.get(first.id)?.reason ?? null);
  if (status === 'active' || first === undefined || why === null) return { id, ruleId: rule, status, reason: null };
  const which = `port ${first.connectionPort}${bad.length === 1 ? '' : ` and ${bad.length - 1} more of ${parts.length}`}`;
  return { id, ruleId: rule, status, reason: `${which}: ${why}`.slice(0, 1_000) };
}
