/** What tickets are made of: written for this example. Each queue has groups of things and of what may be wrong with them. */
export const queues = {
  billing: [
    {
      things: [
        'the invoice',
        'my last bill',
        'the receipt',
        'the statement for March',
        'the yearly invoice',
        'the VAT invoice',
        'my credit note',
      ],
      troubles: [
        'shows the wrong amount',
        'is twice as high as agreed',
        'was made out to the wrong company',
        'lists a plan that I never had',
        'does not show the discount',
        'is still marked as unpaid',
        'has no tax number on it',
      ],
    },
    {
      things: ['my credit card', 'the direct debit', 'my bank account', 'our company card', 'my PayPal'],
      troubles: [
        'was charged twice',
        'was debited without any notice',
        'was charged after I had cancelled',
        'was declined although there is money on it',
        'shows a payment that I did not make',
      ],
    },
    {
      things: ['the refund', 'my money', 'the deposit', 'the overpaid sum', 'the promised voucher'],
      troubles: ['has not come back after three weeks', 'was only paid in part', 'went to an old card', 'is missing from my balance'],
    },
  ],
  delivery: [
    {
      things: ['my parcel', 'the package', 'the order from last week', 'the spare part', 'the second box', 'the gift', 'our shipment'],
      troubles: [
        'has not arrived yet',
        'was left in the rain',
        'went to my old street',
        'came with a broken lid',
        'has been at the depot for nine days',
        'was handed to a stranger',
        'is stuck at customs',
      ],
    },
    {
      things: ['the courier', 'your driver', 'the postman', 'the carrier'],
      troubles: [
        'never rang the bell',
        'threw it over the fence',
        'could not find our house',
        'came a day early and left',
        'wants a signature again',
      ],
    },
    {
      things: ['the tracking page', 'the shipping notice', 'the tracking number', 'the delivery date'],
      troubles: ['has not moved since Monday', 'points to another town', 'changes every day', 'says delivered, but nothing is here'],
    },
  ],
  technical: [
    {
      things: ['the app', 'your website', 'the desktop program', 'the sync', 'the search', 'the export to Excel', 'the calendar view'],
      troubles: [
        'crashes as soon as I open it',
        'freezes on the second page',
        'shows nothing but a white screen',
        'loses everything I typed',
        'has been terribly slow since the update',
        'throws error 502',
        'does not react to clicks',
      ],
    },
    {
      things: ['the printer', 'the sensor', 'the new headset', 'the camera', 'the base station'],
      troubles: [
        'keeps losing the connection',
        'blinks red all the time',
        'is not found by my laptop',
        'turns itself off',
        'makes a humming noise',
      ],
    },
    {
      things: ['the dark mode', 'the upload button', 'the installer', 'the backup', 'the plugin'],
      troubles: ['stopped working yesterday', 'fails with an unknown error', 'hangs at 99 percent', 'is greyed out'],
    },
  ],
  account: [
    {
      things: ['my password', 'the login', 'the two-factor code', 'the reset mail', 'the confirmation link'],
      troubles: [
        'is not accepted any more',
        'never reaches me',
        'expires before I can use it',
        'went to a former colleague',
        'no longer works since I moved',
      ],
    },
    {
      things: ['my user name', 'our team profile', 'my e-mail address', 'the second member', 'my old profile'],
      troubles: [
        'has to be changed',
        'should be deleted for good',
        'was locked for no reason',
        'is spelled wrong',
        'belongs to someone who left us',
      ],
    },
  ],
} as const

/** Every queue hears these. */
export const openings = [
  '',
  'hello,',
  'hi there,',
  'good morning,',
  'dear support,',
  'I am writing for my mother:',
  'third time I ask:',
  'sorry to bother you again, but',
  'quick question,',
  'we have been customers since 2019 and',
]

/** They name another queue's matter, and nothing is wrong with it. */
export const distractions = [
  'the parcel came on time, but',
  'I paid by card without any trouble, yet',
  'the app runs fine, only',
  'I can log in, however',
  'your courier was very kind, but',
  'the invoice is correct, though',
  'after I had changed my password,',
  'while I was waiting for the delivery,',
  'I looked at my bill and all is well there, but',
  'the update installed nicely, still',
]

export const endings = [
  '',
  'please help',
  'what can I do?',
  'thanks a lot',
  'this is urgent',
  'can somebody call me back?',
  'I am really disappointed',
  'kind regards, Sam',
  'please answer before Friday',
  'it was fine last month',
]
