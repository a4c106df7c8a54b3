import {
  DRIFT_LIMITS,
  type GatewayMode,
  type ObservedDrift,
  type ObservedMap,
  type StatusReport,
} from '../contract/desired-state.js';

/** Maps in one report: keeps a body far below the usual limit of 1 MB. */
const BATCH = 2_000;
/** Findings of drift that wait to be told. */
const MAX_FINDINGS = 1_000;

const sameObservation = (a: ObservedMap | undefined, b: ObservedMap): boolean =>
  a?.ruleId === b.ruleId && a.status === b.status && a.reason === b.reason;

/**
 * What the control plane still has to be told: the latest standing of each map, less what it has acknowledged. Pure
 * bookkeeping, no clock and no network. Drift is told even when it is repaired before anyone could be told.
 */
export class StatusLedger {
  private generation = -1;
  private mode: GatewayMode = 'plan';
  private latest = new Map<string, ObservedMap>();
  private gone = new Set<string>();
  private drifted = new Map<string, ObservedMap>();
  private findings: ObservedDrift[] = [];
  private acknowledged = new Map<string, ObservedMap>();
  private acknowledgedGone = new Set<string>();
  private acknowledgedHead = '';

  /** Takes in a report about all maps, or with `whole` false about some; one about drifted maps only is never whole. */
  observe(report: StatusReport, whole = true): void {
    if (report.maps.length > 0 && report.maps.every((map) => map.status === 'drifted')) {
      for (const map of report.maps) this.drifted.set(map.id, map);
      return;
    }
    // A control plane that lists a removed map in a further generation has not heard, or not kept, that it is gone.
    if (report.generation !== this.generation) this.acknowledgedGone.clear();
    this.generation = report.generation;
    this.mode = report.mode;
    if (whole) this.latest.clear();
    for (const map of report.maps) this.latest.set(map.id, map);
    for (const id of report.gone) this.latest.delete(id);
    this.gone = new Set(report.gone);
    for (const id of this.acknowledged.keys()) if (!this.latest.has(id)) this.acknowledged.delete(id);
  }

  /** Takes in what was found changed by somebody else. With nobody to tell for long, the latest are kept. */
  find(drift: ObservedDrift): void {
    this.findings = [...this.findings, drift].slice(-MAX_FINDINGS);
  }

  /**
   * Forgets what was acknowledged, so that everything is told again: the control plane may have set a map back to
   * pending and forth between two looks, which no difference on this side would show.
   */
  forget(): void {
    this.acknowledged.clear();
    this.acknowledgedGone.clear();
    this.acknowledgedHead = '';
  }

  /** The next report to send; undefined when all is acknowledged. */
  next(): StatusReport | undefined {
    if (this.generation < 0 && this.drifted.size + this.findings.length === 0) return undefined;
    const head = { generation: Math.max(this.generation, 0), mode: this.mode };
    if (this.findings.length > 0) {
      return { ...head, maps: [], gone: [], drift: this.findings.slice(0, DRIFT_LIMITS.findings) };
    }
    if (this.drifted.size > 0) return { ...head, maps: [...this.drifted.values()].slice(0, BATCH), gone: [] };
    const maps: ObservedMap[] = [];
    for (const map of this.latest.values()) {
      if (maps.length === BATCH) break;
      if (!sameObservation(this.acknowledged.get(map.id), map)) maps.push(map);
    }
    const gone = [...this.gone].filter((id) => !this.acknowledgedGone.has(id)).slice(0, BATCH);
    if (maps.length + gone.length === 0 && this.acknowledgedHead === JSON.stringify(head)) return undefined;
    return { ...head, maps, gone };
  }

  acknowledge(report: StatusReport): void {
    const told = new Set(report.drift);
    this.findings = this.findings.filter((finding) => !told.has(finding));
    for (const map of report.maps) {
      if (this.drifted.get(map.id) === map) this.drifted.delete(map.id);
      this.acknowledged.set(map.id, map);
    }
    for (const id of report.gone) this.acknowledgedGone.add(id);
    this.acknowledgedHead = JSON.stringify({ generation: report.generation, mode: report.mode });
  }
}
