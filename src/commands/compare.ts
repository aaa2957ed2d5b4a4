import type { Context } from '../context.ts'
import type { ExitCode } from '../exit-code.ts'
import type { compareOptions, Values } from './options.ts'
export async function compare(
  _context: Context,
  _operands: readonly string[],
  _values: Values<typeof compareOptions>,
): Promise<ExitCode> {
  return 0
}
