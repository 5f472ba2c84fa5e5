/** Whether a server that ended by itself is started again. Pure. */

/** Up to `most` times within `span` milliseconds; what lies further back is forgotten. */
export class Crashes {
  private times: number[] = [];

  constructor(
    private readonly most = 3,
    private readonly span = 180_000,
  ) {}

  /** Notes an end at a time in milliseconds; true where another start is due. */
  again(now: number): boolean {
    this.times = this.times.filter((time) => now - time < this.span);
    this.times.push(now);
    return this.times.length <= this.most;
  }

  /** Forgets all, as when a person restarts the server. */
  clear(): void {
    this.times = [];
  }
}
