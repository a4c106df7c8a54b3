/** What one request may ask for, whoever makes it. */
export class RequestLimits {
  constructor(readonly addresses: number) {}
}
