/** TLS in words: what was agreed on, and who is on the other side. */
import type { Certificate, TlsEvent, TlsIdentity, Trust, UntrustedEvent } from '../tls-event.ts'
import { type Entry, entry, type Paragraph, type Telling, words } from './entry.ts'
import { escapeText } from './escape.ts'
import { formatBytes, formatDuration } from './units.ts'

/** `TLSv1.3` as people write it. */
export function versionName(version: string): string {
  return version.replace(/^TLSv/, 'TLS ')
}

export function tlsEntry(event: TlsEvent, { verbosity }: Telling): Entry {
  const { version, cipher, alpn, servername, resumed, tookMs, trust, chain, sent, received } = event
  const parts = [
    `${versionName(version)} in ${formatDuration(tookMs)}: ${whoseName(trust, chain)}`,
    cipher,
    ...(alpn === undefined ? [] : [`ALPN ${alpn}`]),
    ...(servername === undefined ? [] : [`asked for ${servername}`]),
    ...(resumed ? ['session resumed'] : []),
  ]
  const told = entry('+', trust === 'unchecked' ? 'warning' : 'good', parts.join(', '))
  if (verbosity === 0) return told
  const took = words(`the handshake: ${formatBytes(sent)} sent, ${formatBytes(received)} received`)
  return { ...told, notes: [took, ...chainNotes(chain)] }
}

function whoseName(trust: Trust, [own]: readonly Certificate[]): string {
  if (own === undefined) return 'they show no certificate'
  const whose = `"${own.subject}"`
  const told = {
    verified: `the certificate of ${whose} is verified`,
    pinned: `${whose} shows the pinned certificate`,
    unchecked: `${whose} is NOT verified`,
    anonymous: 'they show no certificate',
  }
  return told[trust]
}

export function untrustedEntry({ code, message, accepted, chain }: UntrustedEvent): Entry {
  const goesOn = accepted ? '; we go on all the same (-k): anybody may read and change what is sent' : ''
  const told = entry(accepted ? '!' : '×', accepted ? 'warning' : 'bad', `${message} (${code})${goesOn}`)
  return { ...told, notes: chainNotes(chain) }
}

/** The chain as it was shown, its own certificate first. */
function chainNotes(chain: readonly Certificate[]): readonly Paragraph[] {
  return chain.flatMap(({ subject, issuer, names, validFrom, validTo, key, fingerprint }, index) => {
    const who = subject === issuer ? `${subject}, by itself` : `${subject}, by ${issuer}`
    const whom = names.length === 0 ? [] : [`for ${names.join(', ')}`]
    const facts = [who, ...whom, `${validFrom.slice(0, 10)} to ${validTo.slice(0, 10)}`, key]
    return [`${index + 1}: ${facts.join('; ')}`, `SHA-256 ${fingerprint}`].map((text) =>
      words(escapeText(text)),
    )
  })
}

/** How a client can know this server. */
export function identityNotes({ fingerprint, isMade }: TlsIdentity): readonly Paragraph[] {
  const made = isMade ? ['certificate made for this run: localhost, 127.0.0.1, ::1'] : []
  return [...made, 'clients trust it with', `--pin ${fingerprint}`].map(words)
}
