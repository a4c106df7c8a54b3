import { setImmediate } from 'node:timers/promises';
import { Problem } from '../../platform/problem/problem.js';

/** While one transaction is in flight, so much that waits (in ordinary requests) is worth a second one beside it. */
const WORTH_ANOTHER = 8;
const IN_FLIGHT = 2;
/** Of one that does not wait longer than it must. */
const MOST_IN_FLIGHT = 4;

/**
 * Group commit: requests for the same space that arrive while a transaction is in flight share the next one. The first
 * goes at once, there is no timer; under load the cost of a commit is divided by the size of the batch, which is worth
 * an order of magnitude (notes/allocation.md 3.3 b). When many wait, two transactions are in flight, from different
 * chunks of the space, so that the database works while this process reads and answers the others.
 */
export class GroupCommit<Request, Result> {
  private readonly queues = new Map<string, Queue<Request, Result>>();

  constructor(
    /** Runs one transaction; answers with one result, or one error, for each request, in order. */
    private readonly run: (key: string, requests: readonly Request[]) => Promise<(Result | Failure)[]>,
    private readonly maxBatch = 128,
    /**
     * For requests that share a key and nothing else: how long, in ms, one may wait behind a transaction that somebody's
     * lock holds up. Then another goes past it.
     */
    private readonly patienceMs?: number,
    /** How many ordinary requests one is like: large ones share less, and go in two transactions at once sooner. */
    private readonly weigh: (request: Request) => number = () => 1,
  ) {}

  submit(key: string, request: Request): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      let queue = this.queues.get(key);
      if (queue === undefined) this.queues.set(key, (queue = { waiting: [], weight: 0, inFlight: 0 }));
      const entry = { request, weight: this.weigh(request), resolve, reject };
      queue.waiting.push(entry);
      queue.weight += entry.weight;
      // else somebody's transaction is in flight; its loop takes us along next
      const worth = queue.weight >= WORTH_ANOTHER ? IN_FLIGHT : 1;
      if (queue.inFlight < worth) void this.drain(key, queue);
      else this.watch(key, queue, entry);
    });
  }

  /** One timer a queue: that the watched entry still waits when it ends means that the queue does not move. */
  private watch(key: string, queue: Queue<Request, Result>, entry: Queued<Request, Result>): void {
    if (this.patienceMs === undefined || queue.watched === true) return;
    queue.watched = true;
    setTimeout(() => {
      queue.watched = false;
      if (queue.waiting.includes(entry) && queue.inFlight < MOST_IN_FLIGHT) void this.drain(key, queue);
      const [next] = queue.waiting;
      if (next !== undefined) this.watch(key, queue, next);
    }, this.patienceMs);
  }

  private async drain(key: string, queue: Queue<Request, Result>): Promise<void> {
    queue.inFlight++;
    while (queue.waiting.length > 0) {
      await this.settle(key, this.next(queue));
      // What has arrived at the sockets meanwhile goes along: larger batches, for a look at the event loop.
      await setImmediate();
    }
    if (--queue.inFlight === 0) this.queues.delete(key);
  }

  /** The first that wait, one at least, of no more weight than a transaction may have. */
  private next(queue: Queue<Request, Result>): Queued<Request, Result>[] {
    let weight = 0;
    let count = 0;
    for (const entry of queue.waiting) {
      if (count > 0 && weight + entry.weight > this.maxBatch) break;
      weight += entry.weight;
      count++;
    }
    queue.weight -= weight;
    return queue.waiting.splice(0, count);
  }

  /**
   * One caller's failure is its own: a batch that breaks as a whole is run again request by request. A Problem, though, is
   * what all of it has in common (the subnet is not there, the database is away), and everybody's answer.
   */
  private async settle(key: string, batch: Queued<Request, Result>[]): Promise<void> {
    let results: (Result | Failure)[];
    try {
      results = await this.run(
        key,
        batch.map((entry) => entry.request),
      );
    } catch (error) {
      if (batch.length > 1 && !(error instanceof Problem)) {
        for (const entry of batch) await this.settle(key, [entry]);
      } else {
        for (const entry of batch) entry.reject(error);
      }
      return;
    }
    for (const [index, entry] of batch.entries()) {
      const result = results[index];
      if (result instanceof Failure) entry.reject(result.error);
      else entry.resolve(result as Result);
    }
  }
}

interface Queue<Request, Result> {
  waiting: Queued<Request, Result>[];
  /** Of those that wait, together. */
  weight: number;
  inFlight: number;
  watched?: boolean;
}

interface Queued<Request, Result> {
  request: Request;
  weight: number;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/** One request's own error inside a batch that succeeded otherwise. */
export class Failure {
  constructor(readonly error: unknown) {}
}
