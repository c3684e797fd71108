# SPDX-License-Identifier: MIT
"""Generates the little stories the embedded model is trained on.

A story is drawn from a grammar rather than from a list of sentences: first a
small world is chosen (hero, friend, helper, place, weather, treasured thing),
then one of the plots tells what happens in it. Every sentence speaks of that
world only, so names, pronouns, colours and places stay the same from the first
line to the last, which is what the model is meant to learn.

    python3 corpus.py --seed 1 --bytes 12000000 > corpus.txt
"""

import argparse
import random
import sys

BOS, EOS, EOT = "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"

GIRLS = "Mia Lily Anna Sara Emma Nora Ella Rosa Clara Ivy Zoe Ruth Alice Molly".split()
BOYS = "Tom Ben Max Leo Sam Finn Jack Hugo Pete Oscar Noah Theo Paul Simon".split()
SHE_NAMES = "Hazel Willow Clover Luna Tilly Poppy Maple Fern Olive Pearl".split()
HE_NAMES = "Rusty Pip Bramble Moss Otis Bruno Basil Dash Cedar Toby".split()
ANIMALS = "fox rabbit bear mouse frog duck cat dog squirrel hedgehog turtle goat".split()
TRAITS = "curious brave shy kind clever cheerful stubborn patient gentle quiet".split()
COLOURS = "red blue green yellow white golden silver purple".split()

# Things one can love, lose, share or carry.
TREASURES = "kite ball scarf hat drum whistle lantern book ribbon coat cup flute mirror umbrella".split()

# A place, what one calls it later, and spots in it where something may hide.
PLACES = [
    ("in a small village by the sea", "the village", ["under the old boat", "behind the rocks", "in the tall grass", "near the well"]),
    ("on a farm at the edge of the hills", "the farm", ["behind the barn", "under the apple tree", "in the hay", "near the gate"]),
    ("in a little house in the forest", "the forest", ["under the big oak", "behind the bushes", "in a hollow log", "near the stream"]),
    ("in a town beside a wide river", "the town", ["under the bridge", "behind the market", "in the long reeds", "near the mill"]),
    ("in a valley between two mountains", "the valley", ["under the pine tree", "behind the stone wall", "beside the waterfall", "near the cave"]),
    ("on an island with one tall lighthouse", "the island", ["under the pier", "behind the lighthouse", "in the warm sand", "near the nets"]),
]

WEATHERS = [
    ("one sunny morning", "The sun was warm and the sky was blue."),
    ("one windy day", "The wind was strong and the leaves danced in the air."),
    ("one rainy afternoon", "The rain fell softly on the roofs."),
    ("one cold winter day", "The snow was deep and the air was still."),
    ("one quiet evening", "The sky was pink and the birds were going to sleep."),
    ("one bright spring day", "The flowers were open and the bees were busy."),
]

ELDERS = [
    ("an old fisherman", "the fisherman", "he"), ("an old woman", "the old woman", "she"),
    ("a friendly baker", "the baker", "he"), ("a wise owl", "the owl", "she"),
    ("a tall farmer", "the farmer", "he"), ("a kind teacher", "the teacher", "she"),
    ("a slow old turtle", "the old turtle", "he"), ("a busy miller", "the miller", "he"),
    ("a grey goose", "the goose", "she"), ("a travelling singer", "the singer", "she"),
]

WINTER = WEATHERS[3]

DETAILS = [
    "A dog barked far away.", "Somewhere a bird was singing.", "A small cloud passed over the hill.",
    "The air smelled of fresh bread.", "Two crows watched from a branch.", "A bee flew by.",
    "The church bell rang three times.", "A cart rolled slowly down the road.", "The wind smelled of salt and flowers.",
    "A snail crossed the path and took its time.", "Smoke rose from the chimneys.", "The shadows were getting long.",
]

# What blocks a road, how it is passed, and what that is called afterwards.
OBSTACLES = [
    ("a wide stream with no bridge", "lay a long log across the water", "walked over the log one small step at a time", "the stream"),
    ("a thick white fog", "follow the sound of a bell", "walked slowly toward the ringing until the fog was gone", "the fog"),
    ("a fallen tree across the path", "crawl under the branches", "crawled through the leaves and came out on the other side", "the fallen tree"),
    ("a steep and slippery hill", "tie a rope to the rock at the top", "held the rope and climbed up little by little", "the steep hill"),
    ("a dark tunnel", "light a small lamp", "held the lamp high and walked through without stopping", "the dark tunnel"),
    ("a field of sharp thorns", "push the thorns aside with a stick", "made a narrow path and got through without a scratch", "the thorns"),
]

GIFTS = ["a warm loaf of bread", "a jar of honey", "a pot of soup", "a bunch of flowers", "a round cheese", "a bag of nuts"]

# Someone in trouble: who, where, what is needed, how it is used.
RESCUES = [
    ("a little bird", "caught in a net", "a pair of scissors", "cut the strings one by one", "flew up into the sky"),
    ("a young lamb", "stuck in the mud", "a wide board", "laid the board on the mud and pulled", "ran back to its mother"),
    ("a tiny kitten", "high up in a tree", "a ladder", "set the ladder against the trunk and climbed up", "jumped down and purred"),
    ("a small puppy", "at the bottom of a dry well", "a bucket and a rope", "let the bucket down and lifted it slowly", "wagged its tail and barked"),
    ("a baby seal", "far from the water", "an old cart", "rolled the cart down to the shore", "slid into the waves"),
    ("a butterfly", "shut behind a window", "a glass and a card", "covered it gently and carried it outside", "opened its wings and danced away"),
]

# A fear, the first small step, the second, and the deed itself.
FEARS = [
    ("the dark", "sat in a room with one candle", "sat there when the candle was out", "walked through the dark garden alone"),
    ("deep water", "put one foot into the lake", "stood in the water up to the knees", "swam all the way to the little raft"),
    ("high places", "climbed the first step of the ladder", "climbed to the middle of the ladder", "stood at the very top and looked around"),
    ("thunder", "listened to a big drum", "counted the seconds after the lightning", "watched the whole storm from the window"),
    ("speaking to others", "said one word to the mirror", "said hello to a neighbour", "sang a song in front of everyone"),
    ("the big waves", "walked along the wet sand", "let a small wave touch the toes", "jumped over ten waves in a row"),
]

# A seed, what grows out of it, and what is made of the harvest.
CROPS = [
    ("a pumpkin seed", "pumpkin", "a big pot of pumpkin soup"), ("an apple seed", "apple tree", "three apple pies"),
    ("a sunflower seed", "sunflower", "a bag of seeds for the birds"), ("a strawberry plant", "strawberry plant", "a jar of sweet jam"),
    ("a bean", "bean plant", "a hot bean stew"), ("a cherry stone", "cherry tree", "a large cherry cake"),
]

# What a storm breaks, why that matters, what is brought to mend it.
DAMAGES = [
    ("the roof of the school", "the children had no dry place to learn", "new tiles"),
    ("the old bridge", "nobody could cross to the other side", "strong beams"),
    ("the windmill", "there was no flour for bread", "long boards"),
    ("the fence of the sheep", "the sheep ran in every direction", "wooden posts"),
    ("the garden wall", "the goats ate all the cabbages", "flat stones"),
    ("the big boat", "nobody could catch any fish", "a new sail"),
]

# What a newcomer can do, and what it is good for in the end.
TALENTS = [
    ("whistle very loudly", "the sheep had run away", "whistled so loudly that all the sheep came back"),
    ("tie every kind of knot", "a boat was floating away", "threw a rope and tied it fast with a clever knot"),
    ("see in the dark", "the lamps went out on the way home", "led everyone home through the night"),
    ("tell funny stories", "all the children had to stay in bed with a cold", "told them stories until they laughed again"),
    ("bake sweet bread", "the oven of the baker was broken", "baked bread for everyone in a pan over the fire"),
    ("play the flute", "nobody could get the baby to sleep", "played a slow song until the baby slept"),
]

# A sound in the night, where it comes from, and the harmless truth.
NOISES = [
    ("a tapping sound", "the roof", "a woodpecker that was building a nest", "nest"),
    ("a soft crying", "the shed", "a kitten that could not find its mother", "mother"),
    ("a strange humming", "the old tree", "a swarm of bees that had made a new home", "home"),
    ("a scratching sound", "the cellar", "a mouse that was looking for a crumb", "crumb"),
    ("a slow creaking", "the gate", "a goat that wanted to come inside", "bed"),
    ("a loud splash", "the pond", "a frog that was learning to dive", "pond"),
]

PROJECTS = [
    ("a tree house", "boards", "nails"), ("a raft", "logs", "rope"), ("a big kite", "paper", "string"),
    ("a little bridge", "stones", "planks"), ("a puppet theatre", "boxes", "paint"), ("a windmill", "sticks", "cloth"),
]
WINTER_PROJECTS = [("a snow castle", "snow", "shovels"), ("a sled", "boards", "nails"), ("a bird house", "wood", "glue")]

WINTER_CONTESTS = [
    ("the sled race", "sliding down the hill", "slide"), ("the skating race", "skating on the lake", "skate"),
]
CONTESTS = [
    ("the great race", "running around the field", "run"), ("the boat race", "rowing across the bay", "row"),
    ("the jumping contest", "jumping over the fence", "jump"),
    ("the swimming race", "swimming in the lake", "swim"),
]

SHE = dict(he="she", him="her", his="her", self="herself", child="girl")
HE = dict(he="he", him="him", his="his", self="himself", child="boy")


def article(noun):
    return ("an " if noun[0] in "aeiou" else "a ") + noun


def sentence_case(text):
    return text[0].upper() + text[1:]


class Story:
    """One world and the lines told about it so far."""

    def __init__(self, rng):
        self.rng = rng
        pick = rng.choice
        hero_is_animal = rng.random() < 0.4
        hero, kind, pronouns = self.someone(hero_is_animal)
        friend, friend_kind, friend_pronouns = self.someone(hero_is_animal, besides=(hero, kind))
        home, place, spots = pick(PLACES)
        day, sky = pick(WEATHERS)
        elder_first, elder, elder_he = pick(ELDERS)
        treasure, colour, trait = pick(TREASURES), pick(COLOURS), pick(TRAITS)
        self.world = dict(
            N=hero, kind=kind, a_kind=article(f"{trait} {kind}"), trait=trait, **pronouns,
            F=friend, a_friend=article(friend_kind),
            fhe=friend_pronouns["he"], fhim=friend_pronouns["him"], fhis=friend_pronouns["his"],
            home=home, place=place, there=("on " if place in ("the farm", "the island") else "in ") + place, spot=pick(spots), day=day, sky=sky,
            elder_first=elder_first, elder=elder, ehe=elder_he, ehim="him" if elder_he == "he" else "her",
            thing=f"{colour} {treasure}", short=treasure,
        )
        first, second, third = rng.sample(spots, 3)
        self.world.update(spot1=first, spot2=second, spot3=third)
        for key in ("he", "his", "fhe", "fhis", "ehe", "elder", "elder_first", "spot1", "day"):
            self.world[key[0].upper() + key[1:] if key != "elder_first" else "Elder_first"] = sentence_case(self.world[key])
        self.winter = day == WINTER[0]
        self.lines = []
        self.facts = []
        self.subject = ""

    def someone(self, animal, besides=("", "")):
        rng = self.rng
        female = rng.random() < 0.5
        names = (SHE_NAMES if female else HE_NAMES) if animal else (GIRLS if female else BOYS)
        name = rng.choice([n for n in names if n != besides[0]])
        pronouns = SHE if female else HE
        kind = rng.choice([a for a in ANIMALS if a != besides[1]]) if animal else pronouns["child"]
        return name, kind, pronouns

    def say(self, *variants, **more):
        self.world.update(more)
        self.lines.append(self.rng.choice(variants).format(**self.world))

    def maybe(self, chance, *variants):
        if self.rng.random() < chance:
            self.say(*variants)

    def paragraph(self):
        self.lines.append("\n")

    def fact(self, question, answer):
        self.facts.append((question.format(**self.world), answer.format(**self.world)))

    def about(self, text):
        self.subject = text.format(**self.world)

    def text(self):
        out = ""
        for line in self.lines:
            out += line if line == "\n" or not out or out.endswith("\n") else " " + line
        return out


HABITS = [
    "{He} liked to sing in the morning.", "{He} liked to count the clouds.", "{He} was never in a hurry.",
    "{He} could run faster than the wind.", "{He} asked a hundred questions every day.",
    "Everybody {there} knew {him}.", "{He} loved sweet apples and long stories.", "{He} collected round stones.",
]


def opening(s):
    s.say("Once upon a time there was {a_kind} named {N}.",
          "There once lived {a_kind} named {N}.",
          "{N} was {a_kind}.",
          "Long ago there was {a_kind} whose name was {N}.",
          "This is the story of {N}, {a_kind}.",
          "Have you heard of {N}? {N} was {a_kind}.")
    s.say("{N} lived {home}.", "{He} lived {home}.", "{N} lived {home} with {his} family.",
          "{His} home was {home}.", "{He} had always lived {home}, and {he} knew every stone there.")
    s.maybe(0.4, *HABITS)


def weather(s):
    s.maybe(0.5, "{sky}")
    detail(s)


def detail(s):
    s.maybe(0.3, *DETAILS)


def meet_friend(s):
    s.say("{His} best friend was {a_friend} named {F}.",
          "{N} had a good friend, {a_friend} named {F}.",
          "Every day {he} played with {F}, {a_friend} who lived next door.")


def meet_elder(s):
    s.say("On the way {he} met {elder_first}.", "Just then {elder_first} came by.", "Soon {he} saw {elder_first}.",
          "Not far away {elder_first} was sitting on a bench.", "After a while {elder_first} came down the road.")
    detail(s)


def home_again(s):
    s.maybe(0.7, "That night {N} slept very well.", "That evening {N} told the whole story at home.",
            "When the stars came out, {N} was still smiling.", "They ate cake together until it was dark.",
            "It was a day that {N} would never forget.", "In {his} dreams {N} saw it all once more.")


def lost(s):
    opening(s)
    s.say("{He} had a {thing} that {he} loved more than anything.", "{His} favourite thing was a {thing}.",
          "{N} had a {thing} and took it everywhere.")
    s.say("It was a gift from {his} grandmother.", "{His} father had made it for {him}.", "{He} had found it on {his} birthday.")
    s.paragraph()
    s.say("{Day} the {short} was gone.", "{Day} {N} could not find the {short}.", "But {day} the {thing} was not in its place.")
    weather(s)
    s.say("{N} was sad and began to look for it.", "{N} felt like crying, but {he} began to search.",
          "\"Where is my {short}?\" cried {N}.")
    s.say("{He} looked {spot1}, but it was not there.", "First {he} looked {spot1}, but there was nothing.")
    s.say("Then {he} looked {spot2}, but it was not there either.", "Then {he} looked {spot2}, but found only a few leaves.")
    s.paragraph()
    meet_elder(s)
    s.say("\"Why are you so sad?\" asked {elder}.", "\"What is wrong, little one?\" asked {elder}.")
    s.say("\"I lost my {thing},\" said {N}.", "\"My {short} is gone,\" said {N}.")
    s.say("\"I saw something {colour} {spot3},\" said {elder}.",
          "\"Think about where you played yesterday,\" said {elder}. \"Did you look {spot3}?\"",
          colour=s.world["thing"].split()[0])
    s.say("{N} ran as fast as {he} could.", "{N} thanked {ehim} and hurried away.")
    s.say("And there it was, {spot3}!", "The {thing} was lying {spot3}!", "There, {spot3}, was the {thing}!")
    s.paragraph()
    s.say("{N} hugged the {short} and laughed.", "{N} was so happy that {he} danced.", "{N} held the {short} tight.")
    s.say("{He} went back and gave {elder} a big hug.", "{He} ran back to thank {elder}.", "\"Thank you!\" {he} called to {elder}.")
    s.say("From that day on {N} always put the {short} away before bed.",
          "After that {he} took better care of the {thing}.",
          "{N} learned that it is good to ask for help.")
    s.fact("What did {N} lose?", "{N} lost a {thing}.")
    s.fact("Who helped {N}?", "{Elder} helped {N}.")
    s.fact("Where was the {short}?", "The {short} was {spot3}.")
    s.about("{N} and a lost {short}")


def build(s):
    project, first, second = s.rng.choice(WINTER_PROJECTS if s.winter else PROJECTS)
    s.world.update(project=project, first=first, second=second, the_project="the " + project.split(" ", 1)[1])
    opening(s)
    meet_friend(s)
    s.say("{Day} {N} had an idea.", "{Day} the two friends were bored.")
    s.say("\"Let us build {project}!\" said {N}.", "\"I want to build {project},\" said {N}. \"Will you help me?\"")
    s.say("\"Yes!\" said {F}. \"We will do it together.\"", "{F} clapped and said, \"What a good idea!\"")
    s.paragraph()
    s.say("They had plenty of {first}, but they had no {second}.", "They found {first} {spot1}, but they needed {second} too.")
    s.say("\"Without {second} it will fall apart,\" said {F}.", "\"We cannot do it without {second},\" said {F}.")
    meet_elder(s)
    s.say("\"I have some {second} at home,\" said {elder}. \"You may have all of it if you help me first.\"",
          "\"You can have my {second},\" said {elder}, \"if you help me carry this heavy bag.\"")
    s.say("So {N} and {F} worked for {ehim} until noon.", "The two friends were glad to help, and they worked hard.")
    s.say("{Elder} smiled and gave them the {second}.", "Then {elder} brought the {second}, as {ehe} had promised.")
    s.paragraph()
    s.say("All afternoon {N} and {F} worked on {the_project}.", "{N} held the {first} while {F} used the {second}.")
    s.maybe(0.6, "Once it fell down, but they did not give up.", "It was hard work, but they sang while they worked.")
    s.say("When the sun went down, {the_project} was ready.", "At last {the_project} was done.")
    s.say("\"We made it together,\" said {N}.", "\"It is the finest one {there}!\" said {F}.")
    s.say("They invited {elder} to see it, and {ehe} was very proud of them.", "{Elder} came to look and clapped for a long time.")
    home_again(s)
    s.fact("What did {N} build?", "{N} and {F} built {project}.")
    s.fact("Who gave them the {second}?", "{Elder} gave them the {second}.")
    s.about("{N} and {F}, who build {project}")


def rescue(s):
    animal, trouble, tool, use, joy = s.rng.choice(RESCUES)
    s.world.update(animal=animal, trouble=trouble, tool=tool, use=use, joy=joy, the_animal="the " + animal.split(" ", 1)[1])
    opening(s)
    s.say("{Day} {he} went for a walk.", "{Day} {N} was playing outside.")
    weather(s)
    s.say("Suddenly {he} heard a small voice.", "Then {he} heard someone calling for help.")
    s.say("It was {animal}, {trouble}.", "There was {animal}, {trouble}.")
    s.say("\"Do not be afraid,\" said {N}. \"I will help you.\"", "\"Oh no!\" said {N}. \"I must help you.\"")
    s.paragraph()
    s.say("{N} tried with all {his} strength, but it was too hard.",
          "But {N} could not do it alone.")
    s.say("\"I need {tool},\" {he} thought.", "\"If only I had {tool},\" said {N}.")
    s.say("{He} ran down the road and asked {elder_first} for help.", "So {he} ran to find help, and soon {he} met {elder_first}.")
    s.say("\"Please, may I use {tool}?\" asked {N}. \"There is {animal}, {trouble}.\"",
          "\"There is {animal}, {trouble}!\" said {N}. \"Do you have {tool}?\"")
    s.say("\"Of course,\" said {elder}. \"Let us go at once.\"", "\"Show me the way,\" said {elder}.")
    s.paragraph()
    s.say("Together they {use}.", "{N} and {elder} hurried back. Together they {use}.")
    s.say("At last {the_animal} was free.", "Soon {the_animal} was safe.")
    s.say("{The_animal} {joy}.", "It {joy}.", The_animal=sentence_case(s.world["the_animal"]))
    s.say("\"You have a good heart,\" said {elder}.", "\"You were right to ask for help,\" said {elder}.", "\"Well done, {N},\" said {elder}.")
    s.say("{N} felt warm inside.", "{N} was proud and happy.")
    s.say("From then on {the_animal} came to visit {him} every day.", "The next day {the_animal} came back to say thank you.")
    s.fact("Who was in trouble?", "It was {animal}, {trouble}.")
    s.fact("Who helped {N}?", "{Elder} helped {N} with {tool}.")
    s.about("{N}, who helps {animal}")


def quarrel(s):
    opening(s)
    meet_friend(s)
    s.say("{Day} they found a {thing} {spot1}.", "{Day} {N} and {F} saw a {thing} {spot1}.")
    s.say("\"It is mine!\" said {N}. \"I saw it first.\"", "\"I want the {short},\" said {N}.")
    s.say("\"No, it is mine!\" said {F}.", "\"But I want it too,\" said {F}.")
    s.say("They both pulled, and the {short} broke in two.", "{N} pulled and {F} pulled, until the {short} broke.")
    s.paragraph()
    s.say("Now nobody could use it.", "Both of them were angry.", "It was very quiet.")
    s.say("{F} went home without a word.", "{F} began to cry and ran away.")
    s.say("{N} sat down alone, holding the broken {short}.", "{N} tried to play alone, but it was no fun.")
    meet_elder(s)
    s.say("\"Where is your friend today?\" asked {elder}.", "\"Why are you alone?\" asked {elder}.")
    s.say("{N} told {ehim} about the {thing}.", "\"We both wanted the {short}, and now it is broken,\" said {N}.")
    s.say("\"A {short} can be mended,\" said {elder}, \"and so can a friendship.\"",
          "\"A friend is worth more than a {short},\" said {elder}.")
    s.paragraph()
    s.say("So {N} went to the house of {F} and knocked on the door.", "{N} thought about it, and then {he} went to find {F}.")
    s.say("\"I am sorry,\" said {N}. \"I should have shared.\"", "\"I am sorry that I pulled,\" said {N}.")
    s.say("\"I am sorry too,\" said {F}.", "{F} smiled. \"I am sorry too,\" {fhe} said.")
    s.say("They mended the {short} with glue and a piece of string.", "Together they mended the {thing}, and it was as good as new.")
    s.say("On some days {N} had it, and on other days {F} had it.", "After that they took turns, and nobody was angry.")
    s.say("And they never fought over the {short} again.", "They were best friends once more.")
    s.fact("What did {N} and {F} find?", "They found a {thing}.")
    s.fact("Why was {F} angry?", "Because they both wanted the {short} and it broke.")
    s.about("{N} and {F}, who fight over a {short}")


def fear(s):
    what, small, middle, deed = s.rng.choice(FEARS)
    s.world.update(what=what, small=small, middle=middle, deed=deed)
    opening(s)
    s.say("But {N} was afraid of {what}.", "There was only one problem: {N} was afraid of {what}.")
    s.say("When the others laughed and played, {he} stayed at home.", "{He} told nobody about it.")
    meet_friend(s)
    s.paragraph()
    s.say("{Day} {F} asked, \"Why do you look so worried?\"", "{Day} {F} saw that {N} was unhappy.")
    s.say("\"I am afraid of {what},\" said {N} in a small voice.", "\"Please do not laugh,\" said {N}. \"I am afraid of {what}.\"")
    s.say("{F} did not laugh.", "\"I would never laugh at you,\" said {F}.")
    s.say("\"I was afraid once too,\" {fhe} said. \"We will start with something small.\"",
          "\"Let us try it slowly,\" {fhe} said. \"I will stay with you.\"")
    s.paragraph()
    s.say("On the first day {N} {small}.", "First {N} {small}, and {F} held {his} hand.")
    s.say("{His} heart beat fast, but nothing bad happened.", "It was not as bad as {he} had thought.")
    s.say("On the second day {he} {middle}.", "The next day {he} {middle}.")
    s.say("\"You are doing well,\" said {F}.", "\"See?\" said {F}. \"You are braver than you think.\"")
    s.say("And on the third day {N} {deed}.", "A week later {N} {deed}.")
    s.paragraph()
    s.say("\"I did it!\" {he} shouted.", "{N} could hardly believe it. \"I did it!\" {he} said.")
    s.say("{F} jumped up and down with joy.", "{F} was the first to clap.")
    s.say("{N} was still a little afraid of {what}, but now {he} knew what to do.",
          "From that day on {N} was not afraid of {what} any more.")
    s.say("It is easier to be brave with a friend.", "Small steps can take you far.")
    s.fact("What was {N} afraid of?", "{N} was afraid of {what}.")
    s.fact("Who helped {N}?", "{F} helped {N}.")
    s.about("{N}, who is afraid of {what}")


def journey(s):
    block, plan, passed, the_block = s.rng.choice(OBSTACLES)
    s.world.update(gift=s.rng.choice(GIFTS), block=block, plan=plan, passed=passed, the_block=the_block,
                   relative=s.rng.choice(["grandmother", "grandfather", "aunt", "uncle"]))
    s.world["the_gift"] = "the " + s.world["gift"].split(" ", 1)[1]
    opening(s)
    s.say("{Day} {his} mother said, \"Your {relative} is ill. Please bring {gift} to the house on the other side of {place}.\"",
          "{Day} {N} wanted to visit {his} {relative} and bring {gift}.")
    s.say("{N} put {the_gift} into a basket and set out.", "{N} packed {the_gift} with care and left at once.")
    weather(s)
    s.paragraph()
    s.say("After an hour {he} came to {block}.", "Half way there {N} had to stop, because there was {block}.")
    s.say("\"How can I get past?\" {he} wondered.", "\"What shall I do now?\" said {N}.")
    meet_elder(s)
    s.say("\"You could {plan},\" said {elder}.", "\"When I was young, I would {plan},\" said {elder}.")
    s.say("\"That is a clever idea,\" said {N}.", "{N} thought it was a good plan.")
    s.say("{Elder} helped {him}, and {N} {passed}.", "With the help of {elder}, {N} {passed}.")
    s.say("{He} was glad, and {he} gave {elder} {his} warmest thanks.",
          "{He} waved to {elder} and went on.")
    s.paragraph()
    s.say("When {N} arrived, {his} {relative} was waiting at the window.", "At last {N} knocked on the door of {his} {relative}.")
    s.say("\"You came all this way for me!\" said {his} {relative}.", "\"What a nice surprise!\" said {his} {relative}.")
    s.say("{N} took {the_gift} out of the basket.", "{N} gave {him_rel} {the_gift}.",
          him_rel="her" if s.world["relative"] in ("grandmother", "aunt") else "him")
    s.say("They sat by the fire, and {N} told about {the_block}.", "They had tea and talked about {the_block}.")
    s.say("\"You are a brave {kind},\" said {his} {relative}.", "\"I feel better already,\" said {his} {relative}.")
    home_again(s)
    s.fact("What did {N} carry?", "{N} carried {gift}.")
    s.fact("What was in the way?", "There was {block}.")
    s.about("{N}, who brings {gift} to {his} {relative}")


def growing(s):
    seed, plant, meal = s.rng.choice(CROPS)
    s.world.update(seed=seed, plant=plant, meal=meal)
    opening(s)
    s.say("{Day} {elder_first} gave {him} {seed}.", "{Day} {N} got {seed} from {elder_first}.")
    s.say("\"Take good care of it,\" said {elder}, \"and you will see.\"", "\"Be patient,\" said {elder}. \"Good things take time.\"")
    s.say("{N} put it into the ground {bed}.", "{N} found a good place {bed} and planted it there.",
          bed=s.rng.choice(["near the well", "behind the house", "beside the stone wall", "by the fence"]))
    s.paragraph()
    s.say("Every morning {he} gave it water.", "Every day {he} came to look.")
    s.say("For a long time nothing happened.", "One week went by, and there was nothing but earth.")
    s.say("\"Maybe it is asleep,\" said {N}.", "{N} almost gave up, but {he} remembered the words of {elder}.")
    s.say("Then {he} saw a tiny green leaf.", "One morning there was a small green leaf.")
    s.say("The {plant} grew and grew.", "Day after day the {plant} grew taller.")
    s.say("But then no rain fell, and the leaves turned brown.", "But one day the {plant} began to look weak, because the ground was dry.")
    s.say("{N} carried water from the well again and again until it was green once more.",
          "So {N} carried a bucket of water every evening, and the {plant} was saved.")
    s.paragraph()
    s.say("In autumn the {plant} was the finest {there}.", "When summer ended, everyone came to see the {plant}.")
    s.say("{N} made {meal}.", "With the help of {his} mother {he} made {meal}.")
    s.say("{He} shared it with all the neighbours, and {elder} got the first part.", "{He} brought some of it to {elder}, who was very pleased.")
    s.say("\"You were patient,\" said {elder}, \"and now you can share.\"", "\"I knew you could do it,\" said {elder}.")
    s.say("{N} kept one seed for the next year.", "And the next spring {N} planted another one.")
    s.fact("What did {N} plant?", "{N} planted {seed}.")
    s.fact("Who gave it to {N}?", "{Elder} gave it to {N}.")
    s.about("{N} and {seed}")


def mystery(s):
    noise, where, truth, need = s.rng.choice(NOISES)
    s.world.update(noise=noise, where=where, truth=truth, the_truth="the " + truth.split(" ", 1)[1].split(" that ")[0])
    opening(s)
    s.say("One night {N} heard {noise} from {where}.", "One night there was {noise}. It came from {where}.")
    detail(s)
    s.say("\"What can it be?\" {he} whispered.", "{N} pulled the blanket up to {his} nose.")
    s.say("The next night {he} heard {noise} again.", "It stopped, and then it began again.")
    s.paragraph()
    meet_friend(s)
    s.say("In the morning {N} told {F} about it.", "{N} told {F} about the sound.", "As soon as it was light, {he} ran to {F} and told {fhim} everything.")
    s.say("\"Maybe it is a ghost,\" said {F}.", "\"It could be a dragon,\" said {F}, and {fhe} was only half joking.")
    s.say("\"Let us find out together,\" said {N}.", "\"I want to know,\" said {N}. \"Will you come with me?\"")
    s.say("When it was dark, they took a lamp and went to {where}.", "That night they walked to {where} with a small lamp.")
    s.say("{F} held the lamp, and {N} went first.", "Their knees were shaking, but they went on.")
    s.say("The sound came closer and closer.", "There it was again, very near.")
    s.paragraph()
    s.say("{N} lifted the lamp and looked.", "\"Who is there?\" called {N}.")
    s.say("It was not a ghost at all. It was {truth}!", "It was only {truth}!")
    s.say("{N} and {F} laughed until they had to sit down.", "\"And we were so afraid!\" said {F}, and they both laughed.")
    s.say("\"You can stay,\" said {N} to {the_truth}.", "{N} spoke softly to {the_truth}, and they became friends.")
    s.say("After that, when {N} heard {noise} at night, {he} just smiled.", "From then on {noise} at night made {N} feel safe.")
    s.say("Things are less scary when you look at them.", "And {F} was never afraid of ghosts again.")
    s.fact("What did {N} hear?", "{N} heard {noise} from {where}.")
    s.fact("What was it?", "It was {truth}.")
    s.about("{N}, who hears {noise} at night")


def contest(s):
    name, practice, verb = s.rng.choice(WINTER_CONTESTS if s.winter else CONTESTS)
    s.world.update(contest=name, practice=practice, verb=verb)
    opening(s)
    s.say("Every year there was {contest}, and {N} wanted to win it.", "{N} dreamed of winning {contest}.")
    s.say("The prize was a {thing}.", "The winner would get a {thing}.")
    s.say("For many weeks {he} practised {practice}.", "Every morning {he} got up early and practised {practice}.")
    s.say("{F}, {a_friend} from the other side of {place}, wanted to win too.", "But {F}, {a_friend} from next door, was fast as well.")
    s.paragraph()
    s.say("At last the day came.", "Then the big day was here.")
    weather(s)
    s.say("\"Ready, steady, go!\" called {elder_first}.", "{Elder_first} rang a bell, and off they went.")
    s.say("{N} was in front, and {F} was close behind.", "Soon {N} and {F} were far ahead of the others.")
    s.say("Suddenly {F} slipped and fell.", "Then {N} heard a cry. {F} had fallen and hurt {fhis} leg.")
    s.say("{N} could see the end, and {he} could almost touch the {short}.", "{N} thought about the {thing}.")
    s.say("But {he} turned around.", "But a friend was more important, so {he} stopped.")
    s.say("\"Hold on to me,\" said {N}.", "\"Come, I will help you,\" said {N}.")
    s.paragraph()
    s.say("They came in last, side by side.", "Slowly they reached the end together, after all the others.")
    s.say("Everyone was quiet. Then everyone began to cheer.", "To their surprise everyone cheered for them.")
    s.say("{Elder} said, \"Winning is good, but kindness is better.\"", "\"This is what a true winner looks like,\" said {elder}.")
    s.say("And {ehe} gave the {thing} to {N}.", "{Ehe} put the {thing} into the hands of {N}.")
    s.say("{N} shared the {short} with {F}.", "\"It belongs to both of us,\" said {N} to {F}.")
    home_again(s)
    s.fact("What was the prize?", "The prize was a {thing}.")
    s.fact("Who fell?", "{F} fell, and {N} helped {fhim}.")
    s.about("{N} and {F} in {contest}")


def storm(s):
    damage, trouble, material = s.rng.choice(DAMAGES)
    s.world.update(damage=damage, trouble=trouble, material=material)
    opening(s)
    meet_friend(s)
    s.say("One night there was a terrible storm.", "One night the wind howled and the rain beat against the windows.")
    s.say("In the morning {damage} was broken.", "When the sun came up, everyone saw that the storm had broken {damage}.")
    s.say("It was bad, because now {trouble}.", "Now {trouble}, and nobody knew what to do.")
    s.paragraph()
    s.say("\"We are too small to help,\" said {F}.", "\"It is too much work for anyone,\" said {F}.")
    s.say("\"Nobody is too small,\" said {N}. \"We will ask everyone.\"", "\"Not if we all work together,\" said {N}.")
    s.say("So {N} went from door to door, and {F} rang a bell.", "{N} and {F} knocked on every door {there}.")
    s.say("First came {elder_first} with {material}.", "{Elder_first} was the first to come, and {ehe} brought {material}.")
    s.say("Then the others came too, one after another.", "Then came the neighbours, some with tools and some with food.")
    s.paragraph()
    s.say("{Elder} showed them how to begin.", "\"Let me show you how it is done,\" said {elder}.")
    s.say("{N} carried and {F} held, and everyone did what they could.", "The strong ones lifted, and the small ones fetched water.")
    detail(s)
    s.say("By the evening {damage} was as good as new.", "Before the sun went down, {damage} was mended.")
    s.say("\"Alone we could never have done it,\" said {elder}.", "\"It began with {N},\" said {elder}, and everyone cheered.")
    s.say("{F} looked at {N} and said, \"You were right. Nobody is too small.\"", "\"I am glad you did not listen to me,\" said {F} with a laugh.")
    home_again(s)
    s.fact("What did the storm break?", "The storm broke {damage}.")
    s.fact("Who came first?", "{Elder} came first and brought {material}.")
    s.about("{N} and a terrible storm")


def newcomer(s):
    talent, need, deed = s.rng.choice(TALENTS)
    s.world.update(talent=talent, need=need, deed=deed)
    opening(s)
    s.say("{Day} a new family came to {place}.", "{Day} somebody moved into the empty house next door.")
    s.say("They had {a_friend} named {F}.", "Among them was {a_friend} named {F}.")
    s.say("{F} knew nobody, and nobody spoke to {fhim}.", "{F} stood at the window and looked lonely.")
    s.say("\"{Fhe} looks strange,\" said the others.", "The others only pointed at {fhim} and whispered.")
    s.paragraph()
    s.say("But {N} went over and said hello.", "{N} remembered how it feels to be alone, so {he} knocked on the door.")
    s.say("\"Would you like to play with me?\" {he} asked.", "\"I am {N},\" {he} said. \"Do you want to see the best place to play?\"")
    s.say("{F} smiled for the first time.", "The face of {F} grew bright. \"Yes, please,\" {fhe} said.")
    s.say("They played with a {thing} until it was dark.", "{N} lent {fhim} a {thing}, and they played all day.")
    s.say("\"What are you good at?\" asked {N}. \"I can {talent},\" said {F}.", "\"I can {talent},\" {F} told {him}.")
    s.paragraph()
    s.say("A few days later {need}.", "Then one day {need}.")
    s.say("Nobody knew what to do, not even {elder_first}.", "Even the oldest of them could not help.")
    s.say("\"I know someone who can help!\" said {N}.", "\"Ask {F}!\" cried {N}.")
    s.say("{F} came at once and {deed}.", "So {F} {deed}.")
    s.say("Everyone clapped and thanked {fhim}.", "After that everyone wanted to be a friend of {F}.")
    s.say("But {F} always sat next to {N}, because {N} had been the first to say hello.", "\"Thank you for knocking on my door,\" said {F} to {N}.")
    s.fact("What could {F} do?", "{F} could {talent}.")
    s.fact("Who was kind to {F}?", "{N} was kind to {F}.")
    s.about("{N} and a new friend")


PLOTS = [lost, build, rescue, quarrel, fear, journey, growing, mystery, contest, storm, newcomer]


def story(rng):
    s = Story(rng)
    rng.choice(PLOTS)(s)
    return s


ASK = ["Tell me a story about {}.", "Please write a story about {}.", "I would like to hear a story about {}.", "Can you tell me a story about {}?"]
SYSTEM = ["You are a friendly storyteller.", "You tell short stories.", "You are a helpful assistant."]
AGAIN = ["Tell me a story.", "Once more, please.", "Tell me another story."]


def conversation(rng):
    """A story told in the chat format, now and then followed by questions about it."""
    s = story(rng)
    subject = s.subject
    if rng.random() < 0.3:
        subject = rng.choice([s.world["a_kind"], s.world["N"], f"{s.world['N']} the {s.world['kind']}"])
    ask = rng.choice(AGAIN) if rng.random() < 0.1 else rng.choice(ASK).format(subject)
    turns = [f"System: {rng.choice(SYSTEM)}{EOT}"] if rng.random() < 0.4 else []
    turns += [f"User: {ask}{EOT}", f"Assistant: {s.text()}{EOT}"]
    if rng.random() < 0.4:
        for question, answer in rng.sample(s.facts, 2)[:rng.choice([1, 2])]:
            turns += [f"User: {question}{EOT}", f"Assistant: {answer}{EOT}"]
    return "".join(turns)


def document(rng):
    """One training document: a story, a few stories in a row, or a conversation."""
    chance = rng.random()
    if chance < 0.2:
        return BOS + conversation(rng) + EOS
    if chance < 0.3:
        return BOS + "\n\n".join(story(rng).text() for _ in range(rng.choice([2, 3]))) + EOS
    return BOS + story(rng).text() + EOS


def documents(seed, size):
    rng, total = random.Random(seed), 0
    while total < size:
        text = document(rng)
        total += len(text.encode())
        yield text


def stories(seed, size):
    """Plain stories only, as the held-out text is made of."""
    rng, total = random.Random(seed), 0
    while total < size:
        text = story(rng).text()
        total += len(text.encode()) + 2
        yield text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bytes", type=int, default=12_000_000)
    parser.add_argument("--plain", action="store_true", help="stories only, separated by blank lines")
    options = parser.parse_args()
    if options.plain:
        sys.stdout.write("\n\n".join(stories(options.seed, options.bytes)) + "\n")
    else:
        sys.stdout.writelines(text + "\n" for text in documents(options.seed, options.bytes))


if __name__ == "__main__":
    main()
