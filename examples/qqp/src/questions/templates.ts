/** What a question asks about an activity, in so many ways: two of one kind and one activity are duplicates. */
export interface QuestionKind {
  /** Each with `{do}`, as in "learn Spanish", or `{doing}`, as in "learning Spanish". */
  readonly train: readonly string[]
  /** No template of validation or test occurs in another part. */
  readonly validation: readonly string[]
  readonly test: readonly string[]
}

export const kinds: readonly QuestionKind[] = [
  {
    train: [
      'How do I {do}?',
      'How can I {do}?',
      'What is the best way to {do}?',
      'What are some good ways to {do}?',
      'How can one {do}?',
      'What is the best method for {doing}?',
      'What should I do to {do}?',
      'What is the easiest way to {do}?',
      'What are the steps to {do}?',
      'Can anyone tell me how to {do}?',
    ],
    validation: ['What is the right way to {do}?', 'How do you {do}?', 'What is the best approach to {doing}?'],
    test: ['What are the best ways to {do}?', 'How should I {do}?', 'What is a good way of {doing}?'],
  },
  {
    train: [
      'How long does it take to {do}?',
      'How much time does it take to {do}?',
      'How long will it take me to {do}?',
      'How many weeks does it take to {do}?',
      'How much time do I need to {do}?',
      'How many days does it take to {do}?',
      'How long should it take to {do}?',
      'What amount of time does it take to {do}?',
      'How long does it usually take to {do}?',
    ],
    validation: ['How long would it take to {do}?', 'How much time is needed to {do}?', 'How long does {doing} take?'],
    test: ['How much time does {doing} take?', 'How long do people take to {do}?', 'How much time will I need to {do}?'],
  },
  {
    train: [
      'How much does it cost to {do}?',
      'What does it cost to {do}?',
      'How much money do I need to {do}?',
      'How much will it cost me to {do}?',
      'What is the cost of {doing}?',
      'How expensive is it to {do}?',
      'What is the price of {doing}?',
      'How many dollars does it cost to {do}?',
      'How much do people pay to {do}?',
    ],
    validation: ['How much does {doing} cost?', 'How much money does it take to {do}?', 'How much would it cost to {do}?'],
    test: ['What would it cost me to {do}?', 'How much money is needed to {do}?', 'What is the average cost of {doing}?'],
  },
  {
    train: [
      'Is it hard to {do}?',
      'How difficult is it to {do}?',
      'Is {doing} difficult?',
      'How hard is it to {do}?',
      'How difficult is {doing}?',
      'Is it tough to {do}?',
      'Is it too hard to {do}?',
      'How tough is {doing}?',
      'Is it a difficult task to {do}?',
    ],
    validation: ['Is it difficult to {do}?', 'How hard is {doing}?', 'Is it really hard to {do}?'],
    test: ['Is {doing} hard?', 'How difficult would it be to {do}?', 'Is it very difficult to {do}?'],
  },
  {
    train: [
      'Why do people {do}?',
      'Why do so many people {do}?',
      'What are the reasons to {do}?',
      'What are the benefits of {doing}?',
      'Why would anyone {do}?',
      'What are the advantages of {doing}?',
      'What is the point of {doing}?',
      'For what reason do people {do}?',
      'What are some reasons for {doing}?',
    ],
    validation: ['Why do some people {do}?', 'What is the reason people {do}?', 'Why would somebody {do}?'],
    test: ['What makes people {do}?', 'Why would a person {do}?', 'What are the reasons people {do}?'],
  },
  {
    train: [
      'Where can I {do}?',
      'What is the best place to {do}?',
      'Where is a good place to {do}?',
      'Which are the best places to {do}?',
      'Where is the best place to {do}?',
      'Where do people {do}?',
      'Are there good places to {do}?',
      'In which place can I {do}?',
      'Where would I {do}?',
    ],
    validation: ['Where should I go to {do}?', 'What are good places to {do}?', 'Where can one {do}?'],
    test: ['Which place is best to {do}?', 'Where can you {do}?', 'What are the best places for {doing}?'],
  },
  {
    train: [
      'Is it worth it to {do}?',
      'Is {doing} worth it?',
      'Is it a good idea to {do}?',
      'Is it worth {doing}?',
      'Is there any point in {doing}?',
      'Is it a wise decision to {do}?',
      'Is it smart to {do}?',
      'Is {doing} worth the effort?',
    ],
    validation: ['Is {doing} a good idea?', 'Would it be worth it to {do}?', 'Is {doing} worthwhile?'],
    test: ['Is {doing} really worth it?', 'Would it be a good idea to {do}?', 'Is it worthwhile to {do}?'],
  },
]
