import { Buffer } from 'node:buffer'
import { grown } from './grown.ts'

/**
 * Texts as UTF-16 code units, end to end: they can be compared before they are strings, and become strings by one
 * conversion for many.
 */
export class CodeUnits {
  codes: Uint16Array<ArrayBuffer>
  length = 0

  constructor(text = '') {
    this.codes = new Uint16Array(Math.max(256, text.length))
    this.appendText(text)
  }

  appendText(text: string): void {
    this.codes = grown(this.codes, this.length + text.length)
    for (let i = 0; i < text.length; i++) this.codes[this.length++] = text.charCodeAt(i)
  }

  /** Adds the code units of `source` from `begin` to before `end`. */
  append(source: Uint16Array, begin: number, end: number): void {
    if (this.length + end - begin > this.codes.length) this.codes = grown(this.codes, this.length + end - begin)
    const codes = this.codes
    let at = this.length
    for (let i = begin; i < end; i++) codes[at++] = source[i]!
    this.length = at
  }

  toString(): string {
    return Buffer.from(this.codes.buffer, 0, 2 * this.length).toString('utf16le')
  }
}
