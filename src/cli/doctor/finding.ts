/** One thing that was looked at. */
export interface Finding {
  about: string;
  good: boolean;
  found: string;
  /** What to do where it is not good. */
  remedy?: string;
}
