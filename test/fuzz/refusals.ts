/** What holds of every refusal of what a person has written. */
import { UsageError } from '../../src/errors.ts'
import { oneLine } from '../../src/views/escape.ts'
import { dangerous } from './escapes.ts'
import { must } from './target.ts'

/** What a message of ours is made of. */
const ours = /^[ -~§…·]*$/

/** What stands where a value is missing. */
const hole = /undefined|NaN|\[object/

/** What is read; or, where it is refused as it should be, the message. */
export function readOrRefused<Value>(
  text: string,
  read: () => Value,
): { readonly value: Value } | { readonly refused: string } {
  try {
    return { value: read() }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    const { message } = error
    must(message !== '' && (!hole.test(message) || hole.test(text)), `said is: ${message}`)
    if (ours.test(message)) return { refused: message }
    // What is not plain in it is what was given, and is made so.
    must(!ours.test(text), `said is: ${JSON.stringify(message)}`)
    const line = oneLine(message)
    must(!dangerous.test(line), `what is said is not one safe line: ${JSON.stringify(line)}`)
    return { refused: message }
  }
}
