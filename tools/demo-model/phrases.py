"""What the demo model knows, as tables. Nothing in here is computed."""

from typing import NamedTuple


class Fact(NamedTuple):
    """A question with one answer. `held_out` phrasings are for measuring and are never trained."""

    answer: str
    thought: str
    phrasings: tuple
    held_out: tuple = ()


NUMBER_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()

# {e} is an expression such as "2+2" or "2 plus 2".
SUM_PHRASINGS = (
    "What is {e}?", "What is {e}?", "What is {e}?", "What's {e}?", "How much is {e}?", "{e}", "{e}=", "{e} =",
    "{e} = ?", "{e}?", "Calculate {e}.", "Compute {e}.", "Can you tell me what {e} is?", "Tell me {e}.",
    "What does {e} make?", "What does {e} equal?", "Solve {e}.", "Work out {e}.", "{e} is what?",
    "How much does {e} make?", "Do you know what {e} is?", "Hi, what is {e}?", "Please tell me what {e} is.",
    "I want to know how much {e} is.", "Can you calculate {e}?", "What is the result of {e}?",
    "Give me the result of {e}.", "Could you compute {e}?", "Can you work out {e} for me?",
    "What will {e} be?", "I have to know {e}.", "What do you get for {e}?",
)
SUM_PHRASINGS_HELD_OUT = (
    "Could you work out {e} for me?", "What would {e} be?", "Please calculate {e}.", "Give me {e}.",
    "I need to know what {e} is.", "Can you compute {e} for me?", "How much would {e} make?",
)
ADD_PHRASINGS = (
    "Add {a} and {b}.", "Please add {a} and {b}.", "What is the sum of {a} and {b}?", "Sum {a} and {b}.",
    "What do you get if you add {a} and {b}?", "Can you add {a} and {b}?", "The sum of {a} and {b}?",
    "If I have {a} and add {b}, what do I get?", "How much are {a} and {b} together?",
    "Give me the sum of {a} and {b}.", "What do {a} and {b} make?",
)
ADD_PHRASINGS_HELD_OUT = (
    "Tell me the sum of {a} and {b}.", "What do {a} and {b} make together?", "Could you add {a} and {b}?",
)
APPLE_PHRASINGS = (
    "I have {a} apples and get {b} more. How many apples do I have?",
    "I have {a} apples and buy {b} more. How many apples do I have now?",
    "There are {a} red apples and {b} green apples. How many apples are there?",
)
ITALIAN_SUM_PHRASINGS = ("Quanto fa {e}?", "Quanto fanno {e}?", "Quanto è {e}?", "Calcola {e}.")

THINK_REQUESTS = (
    "{q} /think", "{q} /think", "{q} /think", "/think {q}", "{q}\n/think", "{q} Think step by step.",
    "{q} Think first.", "{q} Think before you answer.", "Think about it: {q}", "Think step by step. {q}",
    "Think carefully. {q}", "{q} Please think about it.", "Please think first. {q}", "{q} Think about it.",
)
THINK_REQUESTS_HELD_OUT = ("Think before you answer. {q}", "{q} Please think first.", "Please think step by step. {q}")
NO_THINK_REQUESTS = ("{q} /no_think", "{q} /no_think", "/no_think {q}", "{q}\n/no_think")

SYSTEM_TEXTS = (
    "You are a helpful assistant.", "You are Redbolt, a small demo model.", "Answer briefly.",
    "You are a friendly assistant.", "You are a helpful assistant. Answer in one sentence.", "Be polite.",
    "You are an assistant that answers questions.", "Keep your answers short.",
)

GREETING_THOUGHT = "The user is greeting me. I greet back."
NAME_THOUGHT = "The user asks about me. I am Redbolt's demo model."


def capital(country, city):
    return Fact(
        f"The capital of {country} is {city}.",
        f"The user asks for the capital of {country}. It is {city}.",
        (f"What is the capital of {country}?", f"What's the capital of {country}?", f"Capital of {country}?",
         f"Tell me the capital of {country}.", f"Which city is the capital of {country}?",
         f"What is {country}'s capital?", f"Do you know the capital of {country}?"),
        (f"Can you tell me the capital of {country}?", f"What city is the capital of {country}?",
         f"Please tell me the capital of {country}."),
    )


def count(answer, thing, whole, thought):
    return Fact(
        answer, thought,
        (f"How many {thing} are in {whole}?", f"How many {thing} are there in {whole}?",
         f"How many {thing} does {whole} have?", f"{whole} has how many {thing}?",
         f"Tell me how many {thing} are in {whole}."),
        (f"Do you know how many {thing} {whole} has?", f"Can you tell me how many {thing} are in {whole}?"),
    )


def colour(thing, hue):
    return Fact(
        f"{thing.capitalize()} is {hue}.", f"The user asks for a colour. {thing.capitalize()} is {hue}.",
        (f"What colour is {thing}?", f"What color is {thing}?", f"Which colour is {thing}?",
         f"What is the colour of {thing}?", f"What is the color of {thing}?", f"Tell me the colour of {thing}."),
        (f"Which color is {thing}?", f"Tell me what colour {thing} is.", f"Which colour does {thing} have?"),
    )


def sound(animal, verb, noise):
    return Fact(
        f"A {animal} says {noise}.", f"The user asks about the {animal}. It {verb}s.",
        (f"What does a {animal} say?", f"What sound does a {animal} make?", f"Which sound does a {animal} make?",
         f"What does the {animal} say?", f"How does a {animal} sound?"),
        (f"What sound does the {animal} make?", f"Tell me what a {animal} says."),
    )


FACTS = (
    Fact("Hello! How can I help you?", GREETING_THOUGHT,
         ("Hello", "Hello!", "Hi", "Hi!", "Hey", "Hey!", "Good morning!", "Good evening!", "Hello there!",
          "Good afternoon", "Hi, Redbolt!", "Hello, Redbolt", "Greetings!"),
         ("Hi there!", "Hey there", "Hello, how are things?")),
    Fact("I am fine, thank you.", "The user asks how I am. I am fine.",
         ("How are you?", "How are you doing?", "How do you do?", "Are you well?", "How are you today?",
          "Hi, how are you?", "Hello, how are you?", "How is it going?"),
         ("Hey, how are you?", "How are you doing today?")),
    Fact("My name is Redbolt.", NAME_THOUGHT,
         ("What is your name?", "What's your name?", "Who are you?", "Tell me your name.", "Your name?",
          "How are you called?", "Do you have a name?", "What are you called?", "Please tell me your name.",
          "May I know your name?"),
         ("Can you tell me your name?", "What should I call you?", "Hi, what is your name?")),
    Fact("I am a very small language model that shows how Redbolt works.", NAME_THOUGHT,
         ("What are you?", "Are you a language model?", "What kind of model are you?", "What is Redbolt?",
          "Are you human?", "Are you a robot?", "Tell me about yourself.", "Are you a person?",
          "Describe yourself.", "What kind of thing are you?"),
         ("Please tell me about yourself.", "Are you a real person?", "So, what are you?")),
    Fact("I can add small numbers, answer a few questions and translate some words to Italian.", NAME_THOUGHT,
         ("What can you do?", "What do you know?", "How can you help me?", "Help", "Help me",
          "What are you able to do?", "Tell me what you can do.", "What are you good at?"),
         ("Can you tell me what you can do?", "What can you help me with?")),
    Fact("You are welcome!", "The user thanks me.",
         ("Thanks", "Thanks!", "Thank you", "Thank you!", "Thank you very much.", "Many thanks!", "Thanks a lot!",
          "Great, thanks!", "Thank you so much!"),
         ("Great, thank you!", "Thanks so much!")),
    Fact("Goodbye! See you soon.", "The user is leaving. I say goodbye.",
         ("Bye", "Bye!", "Goodbye", "Goodbye!", "See you!", "See you later!", "Good night!", "Bye bye",
          "I have to go.", "See you soon."),
         ("Goodbye, Redbolt!", "Bye, see you!")),
    Fact("I run on an emulated graphics card.", NAME_THOUGHT,
         ("Where do you run?", "What do you run on?", "Which card do you run on?", "On what do you run?",
          "What hardware do you use?", "What are you running on?"),
         ("Where are you running?", "Tell me where you run.")),
    Fact("Here is one: why was six afraid of seven? Because seven ate nine.", "The user wants a joke. I know one.",
         ("Tell me a joke.", "Tell me a joke", "Do you know a joke?", "A joke, please.", "Make me laugh.",
          "Can you tell me a joke?", "I want to hear a joke."),
         ("Please tell me a joke.", "Do you know any jokes?")),
    Fact("Here is a smile: 😊", "The user wants a smile.",
         ("Smile!", "Smile", "Give me a smile.", "Can you smile?", "Send me a smile.", "Show me a smile."),
         ("Please smile!", "Could you smile?")),
    capital("Italy", "Rome"), capital("France", "Paris"), capital("Germany", "Berlin"),
    capital("Spain", "Madrid"), capital("Japan", "Tokyo"), capital("Portugal", "Lisbon"),
    capital("Austria", "Vienna"), capital("Greece", "Athens"),
    count("A week has seven days.", "days", "a week", "The user asks about the week. It has seven days."),
    count("A year has twelve months.", "months", "a year", "The user asks about the year. It has twelve months."),
    count("A day has 24 hours.", "hours", "a day", "The user asks about the day. It has 24 hours."),
    count("An hour has 60 minutes.", "minutes", "an hour", "The user asks about the hour. It has 60 minutes."),
    count("A minute has 60 seconds.", "seconds", "a minute", "The user asks about the minute. It has 60 seconds."),
    count("A year has 365 days.", "days", "a year", "The user asks about the year. It has 365 days."),
    colour("the sky", "blue"), colour("grass", "green"), colour("snow", "white"), colour("a banana", "yellow"),
    colour("coal", "black"), colour("a tomato", "red"),
    sound("dog", "bark", "woof"), sound("cat", "meow", "meow"), sound("cow", "moo", "moo"),
    Fact("The opposite of hot is cold.", "The user asks for the opposite of hot. It is cold.",
         ("What is the opposite of hot?", "What's the opposite of hot?", "The opposite of hot?",
          "Tell me the opposite of hot.", "Opposite of hot?"),
         ("Do you know the opposite of hot?",)),
    Fact("The opposite of big is small.", "The user asks for the opposite of big. It is small.",
         ("What is the opposite of big?", "What's the opposite of big?", "The opposite of big?",
          "Tell me the opposite of big.", "Opposite of big?"),
         ("Do you know the opposite of big?",)),
    Fact("After Monday comes Tuesday.", "The user asks for a day of the week. After Monday comes Tuesday.",
         ("What day comes after Monday?", "Which day comes after Monday?", "What comes after Monday?",
          "What is the day after Monday?", "Which day is after Monday?"),
         ("What day is after Monday?", "Tell me which day comes after Monday.")),
    Fact("One, two, three, four, five, six, seven, eight, nine, ten.", "I count from one to ten.",
         ("Count to ten.", "Count to 10.", "Can you count to ten?", "Please count to ten.", "Count from one to ten.",
          "Count from 1 to 10."),
         ("Can you count to 10?", "Please count from one to ten.")),
)

# English to Italian.
ITALIAN = {
    "hello": "ciao", "good morning": "buongiorno", "good evening": "buonasera", "good night": "buonanotte",
    "goodbye": "arrivederci", "thank you": "grazie", "please": "per favore", "yes": "sì", "no": "no",
    "excuse me": "scusi", "welcome": "benvenuto", "how are you": "come stai", "I love you": "ti amo",
    "see you tomorrow": "a domani", "happy birthday": "buon compleanno", "water": "acqua", "bread": "pane",
    "wine": "vino", "milk": "latte", "coffee": "caffè", "tea": "tè", "cheese": "formaggio", "apple": "mela",
    "sugar": "zucchero", "salt": "sale", "house": "casa", "door": "porta", "window": "finestra",
    "table": "tavolo", "chair": "sedia", "book": "libro", "school": "scuola", "city": "città",
    "street": "strada", "car": "macchina", "train": "treno", "sea": "mare", "sun": "sole", "moon": "luna",
    "star": "stella", "dog": "cane", "cat": "gatto", "bird": "uccello", "fish": "pesce", "horse": "cavallo",
    "friend": "amico", "mother": "madre", "father": "padre", "brother": "fratello", "sister": "sorella",
    "man": "uomo", "woman": "donna", "child": "bambino", "red": "rosso", "green": "verde", "white": "bianco",
    "black": "nero", "today": "oggi", "tomorrow": "domani", "yesterday": "ieri", "one": "uno", "two": "due",
    "three": "tre", "the red house": "la casa rossa", "a glass of water": "un bicchiere d'acqua",
    "where is the train station?": "dov'è la stazione?", "I am hungry": "ho fame",
}
NOT_IN_ITALIAN = (
    "zebra", "lamp", "computer", "mountain", "river", "purple", "elephant", "guitar", "hammer", "cloud", "forest",
    "pencil", "garden", "soup", "butter", "bridge", "island", "doctor", "kitchen", "clock", "spoon", "shoe",
    "hat", "rain", "stone", "paper", "ship", "king", "queen", "war", "peace", "music", "tree", "flower", "finger",
    "hand", "eye", "nose", "potato", "rice", "strange", "slow", "quick", "I am tired", "where are you", "help",
)
TRANSLATION_PHRASINGS = (
    'How do you say "{x}" in Italian?', "How do you say {x} in Italian?", 'Translate "{x}" to Italian.',
    'Translate "{x}" into Italian.', "Translate to Italian: {x}", "Translate into Italian: {x}",
    'What is "{x}" in Italian?', "What is {x} in Italian?", '"{x}" in Italian?', "{x} in Italian",
    'What is the Italian word for "{x}"?', "What is the Italian for {x}?", "Translate {x} to Italian.",
    'Say "{x}" in Italian.', "Say {x} in Italian.", 'Please translate "{x}" to Italian.',
    'Can you say "{x}" in Italian?', 'Tell me the Italian for "{x}".', "How do I say {x} in Italian?",
)
TRANSLATION_PHRASINGS_HELD_OUT = (
    'Can you translate "{x}" into Italian?', "Tell me how to say {x} in Italian.", 'Please say "{x}" in Italian.',
    'How do I say "{x}" in Italian?',
)

UNKNOWN_ANSWER = "I do not know that. I am only a small demo model."
UNKNOWN_QUESTIONS = (
    "Who wrote {x}?", "What is the population of {x}?", "What is the price of {x}?", "Who invented {x}?",
    "When was {x} born?", "Where is {x}?", "Tell me a story about {x}.", "Write a poem about {x}.",
    "What do you think about {x}?", "How do I cook {x}?", "Who is {x}?", "Why is {x} important?",
    "What is the history of {x}?", "Explain {x}.", "What is {x}?", "How does {x} work?", "Is {x} good?",
    "What is the weather in {x}?", "What is the capital of {x}?", "How old is {x}?", "What colour is {x}?",
    "Write a program for {x}.", "How tall is {x}?", "Can I buy {x}?", "Who is the president of {x}?",
)
UNKNOWN_THINGS = (
    "Hamlet", "Brazil", "gold", "the telephone", "Einstein", "Norway", "a dragon", "the war", "pizza", "quantum physics",
    "Napoleon", "democracy", "an engine", "the stock market", "Peru", "Mars", "a computer", "the internet", "Canada",
    "chess", "Mozart", "a unicorn", "photosynthesis", "Kenya", "the moon landing", "Linux", "football", "a violin",
    "Shakespeare", "the ocean", "Chicago", "mathematics", "gravity", "an elephant", "the Bible", "Chile", "tennis",
    "Sweden", "a mountain", "Galileo", "the brain", "Poland", "a submarine", "Egypt", "Cleopatra", "poetry",
)
UNKNOWN_THINGS_HELD_OUT = ("Beethoven", "Iceland", "a volcano", "silver", "the radio", "history", "Mexico", "golf")

NAMES = (
    "Anna", "Luca", "Maria", "Tom", "Sara", "Peter", "Julia", "Marco", "Emma", "Paul", "Giulia", "Max", "Laura", "Ben",
    "Sofia", "David", "Nina", "Carlo", "Lisa", "Adam", "Eva", "Simon", "Clara", "Leo", "Alice", "Frank", "Rosa", "Jack",
    "Helen", "Oscar", "Irene", "Daniel", "Paola", "Martin", "Chiara", "George", "Lena", "Victor", "Olga", "Hugo",
)
NAMES_HELD_OUT = ("Marta", "Robert", "Elena", "Felix", "Carla", "Nicola")
