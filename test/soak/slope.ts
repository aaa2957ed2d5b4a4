/** A straight line through points (least squares): how steep it is, and how sure that is. */
export interface Slope {
  /** For each unit of x. */
  readonly perUnit: number
  /** Its standard error. */
  readonly error: number
}

/** @param points at least three of them, not all at one x */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const squares = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const perUnit = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / squares
  const rest = points.reduce((sum, [x, y]) => sum + (y - meanY - perUnit * (x - meanX)) ** 2, 0)
  return { perUnit, error: Math.sqrt(rest / (points.length - 2) / squares) }
}
