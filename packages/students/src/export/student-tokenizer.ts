import { paddingId, specialWords, tokenizerJson } from '@kd/runtime'
import type { Student } from '../student/student.ts'

/** The student's `tokenizer.json`, set to cut texts as the student does and to pad a batch as its exports expect. */
export function studentTokenizer({ vocabulary, description }: Student): object {
  return {
    ...tokenizerJson(vocabulary),
    truncation: { direction: 'Right', max_length: description.maxLength, strategy: 'LongestFirst', stride: 0 },
    padding: {
      strategy: 'BatchLongest',
      direction: 'Right',
      pad_to_multiple_of: null,
      pad_id: paddingId,
      pad_type_id: 0,
      pad_token: specialWords[paddingId],
    },
  }
}
