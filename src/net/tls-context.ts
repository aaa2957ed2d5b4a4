import { X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls'
import { systemCode, UsageError } from '../errors.ts'

type PemParts = Partial<Record<'cert' | 'key' | 'passphrase' | 'ca', string | undefined>>

/**
 * What PEM our options name, ready for use.
 * @param caOption the option that names who may issue the peer's certificate
 * @throws UsageError that says which of them cannot be used
 */
export function checkContext(pem: PemParts, caOption: string): SecureContext {
  for (const [option, parts] of steps(pem, caOption)) {
    try {
      createSecureContext(defined(parts))
      // Where there is none, Node trusts nobody and says nothing.
      if (parts.ca !== undefined) new X509Certificate(parts.ca)
    } catch (error) {
      throw new UsageError(`${option}: ${reasonOf(error)}`, { cause: error })
    }
  }
  return createSecureContext(defined(pem))
}

/** One after the other, so that it is known which of them it is. */
function steps(
  { cert, key, passphrase, ca }: PemParts,
  caOption: string,
): readonly (readonly [option: string, parts: PemParts])[] {
  return [
    [caOption, { ca }],
    ['--cert', { cert }],
    ['--key', { key, passphrase }],
    ['--cert and --key', { cert, key, passphrase }],
  ]
}

function defined(parts: PemParts): SecureContextOptions {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined))
}

function reasonOf(error: unknown): string {
  const code = systemCode(error) ?? ''
  if (/KEY_VALUES_MISMATCH/.test(code)) return 'the key is not that of the certificate'
  if (/BAD_DECRYPT|BAD_PASSWORD/.test(code)) return 'the passphrase does not open the key'
  if (/NO_START_LINE|BAD_BASE64|UNSUPPORTED|ASN1|BAD_END_LINE/.test(code))
    return `it holds no PEM that could be used (${code})`
  const message = error instanceof Error ? error.message : String(error)
  return code === '' ? message : `it cannot be used (${code})`
}
