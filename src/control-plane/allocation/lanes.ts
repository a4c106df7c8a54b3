import { GroupCommit, type Failure } from './group-commit.js';

const LANES = ['0', '1', '2', '3'] as const;
const PATIENCE_MS = 100;

/**
 * Group commit for requests that have nothing in common which could be their key. Usually all share one lane, for the
 * largest batches. While a lane's transaction has been waiting for somebody's lock (a pool of a million leases is being
 * deleted, say), newcomers go by the next.
 */
export class Lanes<Request, Result> {
  private readonly begun = new Map<string, number>();
  private readonly queue: GroupCommit<Request, Result>;

  constructor(run: (requests: readonly Request[]) => Promise<(Result | Failure)[]>) {
    this.queue = new GroupCommit(async (lane, requests) => {
      this.begun.set(lane, performance.now());
      try {
        return await run(requests);
      } finally {
        this.begun.delete(lane);
      }
    });
  }

  submit(request: Request): Promise<Result> {
    const now = performance.now();
    const moving = LANES.find((lane) => now - (this.begun.get(lane) ?? now) < PATIENCE_MS);
    return this.queue.submit(moving ?? LANES[0], request);
  }
}
