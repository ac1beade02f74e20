// SPDX-License-Identifier: Apache-2.0

/** A number of hours in the unit a reader thinks in: `42 s`, `3.5 min`, `12 h`. */
export function formatHours(hours: number): string {
  const seconds = hours * 3_600;
  if (seconds < 90) {
    return `${round(seconds)} s`;
  }
  return seconds < 90 * 60 ? `${round(seconds / 60)} min` : `${round(hours)} h`;
}

/** Milliseconds as `m:ss` or `h:mm:ss`. */
export function formatClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(2)));
}
