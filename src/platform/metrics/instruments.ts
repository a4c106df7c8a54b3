import type { Family, Labels, Sample } from './exposition.js';

/** Counts by labels. The values of labels must be few: every new combination is kept for the life of the process. */
export class Counter<Names extends string = never> {
  private readonly counts = new Map<string, { labels: Labels; value: number }>();

  constructor(
    private readonly name: string,
    private readonly help: string,
  ) {}

  add(labels: Readonly<Record<Names, string>>, by = 1): void {
    this.of(labels).value += by;
  }

  /** The count of these labels itself: who adds to it often looks it up once. */
  of(labels: Readonly<Record<Names, string>>): { value: number } {
    const key = keyOf(labels);
    let known = this.counts.get(key);
    if (known === undefined) this.counts.set(key, (known = { labels: { ...labels }, value: 0 }));
    return known;
  }

  family(): Family {
    return { name: this.name, help: this.help, type: 'counter', samples: [...this.counts.values()] };
  }
}

/** Observations of the same labels. */
export class Distribution {
  /** How many were at most as large as each bound but larger than the one before it; the last: all larger. */
  readonly buckets: number[];
  sum = 0;

  constructor(
    readonly labels: Labels,
    private readonly bounds: readonly number[],
  ) {
    this.buckets = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number, times = 1): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? 0)) bucket++;
    this.buckets[bucket] = (this.buckets[bucket] ?? 0) + times;
    this.sum += value * times;
  }
}

/** Counts observations by size, and by labels, of which the same is true. */
export class Histogram<Names extends string = never> {
  private readonly distributions = new Map<string, Distribution>();

  constructor(
    private readonly name: string,
    private readonly help: string,
    /** Ascending. */
    private readonly bounds: readonly number[],
  ) {}

  observe(labels: Readonly<Record<Names, string>>, value: number, times = 1): void {
    this.of(labels).observe(value, times);
  }

  /** What has these labels: who observes often looks it up once. */
  of(labels: Readonly<Record<Names, string>>): Distribution {
    const key = keyOf(labels);
    let known = this.distributions.get(key);
    if (known === undefined) {
      this.distributions.set(key, (known = new Distribution({ ...labels }, this.bounds)));
    }
    return known;
  }

  family(): Family {
    return {
      name: this.name,
      help: this.help,
      type: 'histogram',
      samples: [...this.distributions.values()].flatMap((one) => this.samplesOf(one)),
    };
  }

  /** Buckets are told cumulated. */
  private samplesOf({ labels, buckets, sum }: Distribution): Sample[] {
    let count = 0;
    const cumulated = buckets.map((some, n) => {
      const bound = this.bounds[n];
      return {
        suffix: '_bucket',
        labels: { ...labels, le: bound === undefined ? '+Inf' : String(bound) },
        value: (count += some),
      };
    });
    return [...cumulated, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }];
  }
}

/** No label's value has this character: routes, methods and words of ours. */
const keyOf = (labels: Readonly<Record<string, string>>): string => Object.values(labels).join('\u0000');
