import { randomUUID } from 'node:crypto';
import type { Log } from '../../platform/logging/log.js';
import { Problem } from '../../platform/problem/problem.js';
import { envelope, failure, type VlabAnswer, type VlabRequest } from './vlab-answer.js';
import type { VlabAuth } from './vlab-auth.js';
import { ADDR_DESCRIPTION, PORTMAP_DESCRIPTION } from './vlab-describe.js';
import { paramsOf, type Params } from './vlab-input.js';
import type { VlabOperations } from './vlab-operations.js';
import { VlabRefusal } from './vlab-refusal.js';

const ROOT = '/api/1/ipam';

interface VlabRoute {
  methods: Readonly<Record<string, (user: string, request: VlabRequest, params: Params) => Promise<string>>>;
  description: object;
  /** Users without a gateway of their own hear 403, whatever they ask. */
  ownersOnly: boolean;
}

export interface FaceSettings {
  /** VLAB_URL: the main server's, for Link headers. */
  url: string;
  /** Told by healthcheck. */
  version: string;
}

/**
 * The vLab face: `/api/1/ipam/*` for the clients of vLab (contracts/vlab.md section 3). Every answer is JSON, and none is 503,
 * which crashes the old command line.
 */
export class VlabFace {
  private readonly routes: Readonly<Record<string, VlabRoute>>;
  private readonly url: string;

  constructor(
    private readonly settings: FaceSettings,
    private readonly auth: VlabAuth,
    private readonly operations: VlabOperations,
    private readonly log: Log,
  ) {
    this.url = settings.url.replace(/\/+$/, '');
    this.routes = {
      [`${ROOT}/portmap`]: {
        methods: {
          GET: (user, _request, params) => operations.showMaps(user, params),
          POST: (user, request) => operations.createMap(user, request),
          DELETE: (user, request) => operations.deleteMap(user, request),
        },
        description: PORTMAP_DESCRIPTION,
        ownersOnly: true,
      },
      [`${ROOT}/addr`]: {
        methods: { GET: (user, _request, params) => operations.showAddresses(user, params) },
        description: ADDR_DESCRIPTION,
        ownersOnly: false,
      },
    };
  }

  async answer(request: VlabRequest): Promise<VlabAnswer> {
    const { path, method } = request;
    if (path === `${ROOT}/healthcheck`) return this.healthcheck(request);
    const route = Object.hasOwn(this.routes, path) ? this.routes[path] : undefined;
    if (route === undefined) return failure(404, `There is nothing at ${path.slice(0, 200)}`);
    const help = `<${this.url}${path}?describe=true>; rel=help`;
    const allow = ['HEAD', 'OPTIONS', ...Object.keys(route.methods)].sort().join(', ');
    if (method === 'OPTIONS') return { status: 200, headers: { allow }, body: '' };
    const run = route.methods[method === 'HEAD' ? 'GET' : method];
    const params = paramsOf(request.query);
    const headers = { 'content-type': 'application/json', link: help };
    if (run === undefined) {
      const body = envelope(`The method ${method} is not allowed here`, '{}', params);
      return { status: 405, headers: { ...headers, allow }, body };
    }
    try {
      const user = await this.auth.userOf(request);
      if (route.ownersOnly) await this.operations.requireOwner(user);
      const isDescribed = params.has('describe') && (method === 'GET' || method === 'HEAD');
      const content = isDescribed ? JSON.stringify(route.description) : await run(user, request, params);
      return { status: 200, headers, body: envelope(null, content, params) };
    } catch (error) {
      const { status, message } = this.refusalOf(error, request);
      const links = status === 401 ? [`<${this.url}/api/1/auth>; rel=authorization`, help] : help;
      return { status, headers: { ...headers, link: links }, body: envelope(message, '{}', params) };
    }
  }

  /** No envelope and no Link; rows and rules are for the owner of a gateway only. */
  private async healthcheck(request: VlabRequest): Promise<VlabAnswer> {
    const headers = { 'content-type': 'application/json' };
    if (request.method !== 'GET') {
      return failure(405, `The method ${request.method} is not allowed here`, { allow: 'GET' });
    }
    const { version } = this.settings;
    const known = { version, database: [] as unknown[], firewall: { nat: '', filter: '' } };
    try {
      await this.operations.ping();
      const user = await this.auth.userOf(request).catch(() => undefined);
      if (user !== undefined) {
        const { database, nat } = await this.operations.state(user).catch(nothingFor);
        Object.assign(known, { database, firewall: { nat, filter: '' } });
      }
      return { status: 200, headers, body: JSON.stringify(known) };
    } catch (error) {
      const { message } = this.refusalOf(error, request);
      return { status: 500, headers, body: JSON.stringify({ ...known, error: message }) };
    }
  }

  /** What the client is told of an error; what is a fault, or lasts, is logged under the id of the request. */
  private refusalOf(error: unknown, { headers, method, path }: VlabRequest): { status: number; message: string } {
    if (error instanceof VlabRefusal && error.status < 500) return error;
    if (error instanceof Problem && error.status < 500) return { status: statusOf(error), message: textOf(error) };
    const requestId = headers['x-request-id']?.replace(/[^\w-]/g, '').slice(0, 64) ?? randomUUID();
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    const fields = { requestId, method, path, cause: cause instanceof Error ? cause.message : String(cause) };
    this.log('error', 'a request of a vLab client failed', fields);
    if (error instanceof VlabRefusal) return error;
    const isAway = error instanceof Problem && error.code === 'unavailable';
    const message = isAway ? 'Berth cannot reach its database now. Try again' : 'Internal error';
    return { status: 500, message: `${message} (request ${requestId})` };
  }
}

const nothingFor = (error: unknown): { database: unknown[]; nat: string } => {
  if (error instanceof VlabRefusal && error.status === 403) return { database: [], nat: '' };
  throw error;
};

/** 422 is not among the answers that old clients know. */
const statusOf = ({ status }: Problem): number => (status === 422 ? 400 : status);

const NAMES: Readonly<Record<string, string>> = {
  address: 'target_addr',
  lease: 'target_addr',
  targetPort: 'target_port',
  name: 'target_name',
  metadata: 'target_component',
};

function textOf({ detail, extra: { errors = [] } }: Problem): string {
  const [first] = errors;
  return first === undefined ? detail : `${NAMES[first.field] ?? first.field} ${first.message}`;
}
