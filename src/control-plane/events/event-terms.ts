/** What is agreed on about events over HTTP. */
export class EventTerms {
  constructor(
    /** Where the API is reached, without a slash at the end: events name their schemas below it. */
    readonly publicUrl: string,
    /** Live streams that one process serves at once. */
    readonly maxSubscribers: number,
  ) {}
}
