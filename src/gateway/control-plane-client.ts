import { ContractError, parseDesiredState } from '../contract/desired-state.schema.js';
import type { DesiredState, StatusReport } from '../contract/desired-state.js';
import type { ReachabilityReport } from '../contract/reachability.js';
import type { UsageReport } from '../contract/usage.js';
import type { GatewaySettings } from './settings.js';

/** What the control plane must say within beyond the wait it was asked for. */
const GRACE_MS = 10_000;

/** The control plane refused or could not be reached; `message` is one sentence that says what to do. */
export class ControlPlaneError extends Error {
  override readonly name = 'ControlPlaneError';

  constructor(
    message: string,
    /** HTTP status; undefined when there was no answer. */
    readonly status: number | undefined,
  ) {
    super(message);
  }
}

/** The requests of the contract between the halves, over HTTP. */
export class ControlPlaneClient {
  private readonly base: string;

  constructor(private readonly settings: Pick<GatewaySettings, 'controlPlaneUrl' | 'gateway' | 'token' | 'flowLog'>) {
    const root = settings.controlPlaneUrl.replace(/\/+$/, '');
    this.base = `${root}/gateways/${encodeURIComponent(settings.gateway)}`;
  }

  /**
   * Long poll: undefined when nothing newer than `after` came up within `waitSeconds`. Throws `ControlPlaneError`, or
   * `ContractError` when the answer is not a desired state; rethrows the abort of `signal`.
   */
  async desiredState(
    after: number | undefined,
    waitSeconds: number,
    signal: AbortSignal,
  ): Promise<DesiredState | undefined> {
    const query = new URLSearchParams({ wait: String(waitSeconds) });
    if (after !== undefined) query.set('after', String(after));
    if (this.settings.flowLog !== undefined) query.set('labels', 'true');
    const deadlineMs = waitSeconds * 1_000 + GRACE_MS;
    const { status, body } = await this.request('GET', `desired-state?${query.toString()}`, { deadlineMs, signal });
    if (status === 204) return undefined;
    let document: unknown;
    try {
      document = JSON.parse(body);
    } catch {
      throw new ContractError('the desired state is not JSON');
    }
    return parseDesiredState(document);
  }

  /** Throws `ControlPlaneError` unless the report is acknowledged. */
  async putStatus(report: StatusReport, signal: AbortSignal): Promise<void> {
    await this.request('PUT', 'status', { deadlineMs: GRACE_MS, signal, body: JSON.stringify(report) });
  }

  /** Throws `ControlPlaneError` unless the report is acknowledged. */
  async putUsage(report: UsageReport, signal: AbortSignal): Promise<void> {
    await this.request('PUT', 'usage', { deadlineMs: GRACE_MS, signal, body: JSON.stringify(report) });
  }

  /** Throws `ControlPlaneError` unless the report is acknowledged. */
  async putReachability(report: ReachabilityReport, signal: AbortSignal): Promise<void> {
    await this.request('PUT', 'reachability', { deadlineMs: GRACE_MS, signal, body: JSON.stringify(report) });
  }

  private async request(
    method: 'GET' | 'PUT',
    path: string,
    options: { deadlineMs: number; signal: AbortSignal; body?: string },
  ): Promise<{ status: number; body: string }> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    if (this.settings.token !== undefined) headers['authorization'] = `Bearer ${this.settings.token}`;
    let response: Response;
    let body: string;
    try {
      response = await fetch(`${this.base}/${path}`, {
        method,
        headers,
        ...(options.body === undefined ? {} : { body: options.body }),
        signal: AbortSignal.any([options.signal, AbortSignal.timeout(options.deadlineMs)]),
      });
      body = await response.text();
    } catch (error) {
      if (options.signal.aborted) throw error;
      throw new ControlPlaneError(
        `the control plane at ${this.settings.controlPlaneUrl} cannot be reached (${causeOf(error)}); ` +
          'the rules in the kernel stay as they are, trying again',
        undefined,
      );
    }
    if (!response.ok) throw new ControlPlaneError(this.refusal(response.status, body), response.status);
    return { status: response.status, body };
  }

  private refusal(status: number, body: string): string {
    const { controlPlaneUrl, gateway } = this.settings;
    if (status === 401) {
      const what = this.settings.token === undefined ? 'this gateway has no token' : 'its token is not accepted';
      return `the control plane at ${controlPlaneUrl} says 401: ${what}; give the gateway a valid token of role gateway`;
    }
    if (status === 403) {
      return (
        `the control plane at ${controlPlaneUrl} says 403: the token is good, but not for gateway "${gateway}"; ` +
        'give it the token that was made for this gateway'
      );
    }
    if (status === 404) {
      return (
        `the control plane at ${controlPlaneUrl} knows no gateway "${gateway}"; ` +
        'create it (POST /gateways) or correct the name, and check that the URL is that of the API'
      );
    }
    return `the control plane at ${controlPlaneUrl} says ${status}: ${detailOf(body)}`;
  }
}

/** The plain words of a problem+json body, else the start of whatever came. */
function detailOf(body: string): string {
  try {
    const problem: unknown = JSON.parse(body);
    if (typeof problem === 'object' && problem !== null && 'detail' in problem && typeof problem.detail === 'string') {
      return problem.detail.slice(0, 500);
    }
  } catch {
    // Not JSON: a proxy's page, say.
  }
  return body.slice(0, 200);
}

/** fetch hides the useful words in the cause. */
function causeOf(error: unknown): string {
  const { name, message, cause } = error as { name?: unknown; message?: unknown; cause?: unknown };
  if (name === 'TimeoutError') return 'no answer in time';
  if (typeof cause !== 'object' || cause === null) return String(message);
  const { code, message: words } = cause as { code?: unknown; message?: unknown };
  return [code, words].filter((part) => typeof part === 'string' && part !== '').join(' ');
}
