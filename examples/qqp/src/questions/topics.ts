/** Something that people do to any of several objects: the others are near misses of one. */
export interface Activity {
  /** Synonyms, each in the two forms that templates ask for. */
  readonly verbs: readonly string[]
  readonly objects: readonly string[]
}

const languages = ['Spanish', 'French', 'German', 'Japanese', 'Russian', 'Italian', 'Arabic', 'Korean']
const instruments = ['the guitar', 'the piano', 'the violin', 'the drums', 'the flute', 'the cello']
const plants = ['tomatoes', 'potatoes', 'roses', 'strawberries', 'mushrooms', 'basil', 'onions', 'carrots']
const dishes = ['rice', 'pasta', 'salmon', 'lentils', 'pancakes', 'a steak', 'onions', 'mushrooms', 'potatoes']
const machines = ['a bicycle', 'a laptop', 'a washing machine', 'a camera', 'a motorcycle', 'a boat', 'a piano', 'a sofa']
const countries = ['Iceland', 'Japan', 'Peru', 'Kenya', 'Norway', 'India', 'Portugal', 'Cuba']
const professions = ['a pilot', 'a nurse', 'a lawyer', 'a teacher', 'a chef', 'a programmer', 'an actor', 'a dentist']
const writings = ['a novel', 'a poem', 'a song', 'a cover letter', 'a speech', 'a screenplay']
const buildings = ['a shed', 'a boat', 'a greenhouse', 'a robot', 'a swimming pool', 'a website', 'a fence']
const animals = ['a puppy', 'a cat', 'a horse', 'a parrot', 'a goat', 'a rabbit']
const habits = ['smoking', 'drinking coffee', 'eating sugar', 'gambling', 'playing video games', 'watching television']
const rentals = ['a car', 'an apartment', 'a truck', 'a house', 'a boat', 'a bicycle']
const shops = ['a bakery', 'a restaurant', 'a bookshop', 'a hotel', 'a gym', 'a law firm']
const homemade = ['cheese', 'bread', 'wine', 'soap', 'candles', 'pasta', 'yogurt']
const races = ['a marathon', 'a triathlon', 'a chess tournament', 'a boxing match', 'a piano exam']
const surfaces = ['a carpet', 'a sofa', 'a swimming pool', 'a leather jacket', 'a chimney', 'a camera']

export const activities: readonly Activity[] = [
  { verbs: ['learn/learning', 'study/studying'], objects: languages },
  { verbs: ['teach/teaching'], objects: languages },
  { verbs: ['learn to play/learning to play', 'start playing/starting to play'], objects: instruments },
  { verbs: ['grow/growing', 'cultivate/cultivating'], objects: plants },
  { verbs: ['cook/cooking', 'prepare/preparing'], objects: dishes },
  { verbs: ['repair/repairing', 'fix/fixing'], objects: machines },
  { verbs: ['buy/buying', 'purchase/purchasing'], objects: machines },
  { verbs: ['sell/selling'], objects: machines },
  { verbs: ['travel to/traveling to', 'visit/visiting'], objects: countries },
  { verbs: ['move to/moving to', 'emigrate to/emigrating to'], objects: countries },
  { verbs: ['become/becoming'], objects: professions },
  { verbs: ['write/writing'], objects: writings },
  { verbs: ['build/building', 'construct/constructing'], objects: buildings },
  { verbs: ['train/training'], objects: animals },
  { verbs: ['adopt/adopting'], objects: animals },
  { verbs: ['stop/stopping', 'quit/quitting'], objects: habits },
  { verbs: ['rent/renting'], objects: rentals },
  { verbs: ['open/opening', 'start/starting'], objects: shops },
  { verbs: ['make/making'], objects: homemade },
  { verbs: ['train for/training for', 'prepare for/preparing for'], objects: races },
  { verbs: ['clean/cleaning'], objects: surfaces },
]
