import { generate } from 'selfsigned'

/** Before the clocks of others, which may be late, and as long as a lesson may take. */
const earlierMs = 3_600_000
const laterMs = 30 * 24 * 3_600_000

/** A certificate for this machine and its key, as PEM: self-signed, and good for nobody but who is told of it. */
export async function makeCertificate(now: Date): Promise<{ readonly cert: string; readonly key: string }> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - earlierMs),
    notAfterDate: new Date(now.getTime() + laterMs),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  })
  return { cert, key }
}
