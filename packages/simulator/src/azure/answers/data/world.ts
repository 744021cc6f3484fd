import type { Topic } from './topic.ts'

/** Nature, history, everyday life and what machines can do. */
export const worldTopics: readonly Topic[] = [
  {
    ask: 'sky blue | blue sky | sunset red',
    say: 'The sky is blue because the molecules of the air scatter blue light much more than red, as its waves are shorter. So blue reaches your eye from all directions.',
    more: [
      'In the evening the light has a longer way through the air, most of the blue is lost on it, and red remains.',
      'Violet is scattered even more, but there is less of it in sunlight and our eyes see it poorly.',
      'On the Moon, without air, the sky is black by day as well.',
    ],
  },
  {
    ask: 'photosynthesis',
    say: 'In photosynthesis, plants use light to turn water and carbon dioxide into sugar, and give off oxygen. It happens in the chloroplasts, where the green chlorophyll catches the light.',
    more: [
      'First the light splits water and charges energy carriers; then these build sugar out of carbon dioxide.',
      'Nearly all food and all oxygen in the air come from it.',
      'Green light is used least, which is why leaves look green.',
    ],
  },
  {
    ask: 'climate change | global warming | greenhouse effect',
    say: 'The greenhouse effect is warmth held back by gases such as carbon dioxide and methane: sunlight comes in, but part of the heat does not get out again. Burning coal, oil and gas has raised carbon dioxide by half since about 1850 and the average temperature by more than one degree.',
    more: [
      'Forests and oceans take up about half of what is emitted.',
      'Methane acts about 80 times as strongly over 20 years, but stays only about twelve.',
      'The largest levers are electricity, heating, transport, industry and land use.',
    ],
  },
  {
    ask: 'moon tides | tides | moon phases',
    say: 'Tides arise because the Moon attracts the near side of the Earth a little more than the far side, which stretches the oceans into two bulges. The Earth turns beneath them, so most coasts have two high tides a day.',
    more: [
      'At full and new moon the Sun adds its share and the tides are higher.',
      'The shape of the coast decides the height: in the Bay of Fundy it is up to 16 metres.',
      'The friction slows the Earth down by about two milliseconds per century.',
    ],
  },
  {
    ask: 'speed light | light fast',
    say: 'Light travels 299,792 kilometres per second in a vacuum. From the Sun to us it needs a little over eight minutes, around the Earth it would take about an eighth of a second.',
    more: [
      'In glass it is about a third slower, which is why signals in fibre need 5 microseconds per kilometre.',
      'Nothing that carries information is faster.',
      'The metre has been defined by it since 1983.',
    ],
  },
  {
    ask: 'distance/far moon/sun | far moon | earth sun/moon',
    say: 'The Moon is about 384,000 kilometres away on average, the Sun about 150 million. Light needs 1.3 seconds from the Moon and a little over eight minutes from the Sun.',
    more: [
      'The Moon moves away from us by 3.8 centimetres a year.',
      'In January the Earth is about five million kilometres nearer to the Sun than in July.',
      'All the planets side by side would fit between the Earth and the Moon.',
    ],
  },
  {
    ask: 'planets many/solar | solar system | largest/biggest planet',
    say: 'The solar system has eight planets: Mercury, Venus, Earth, Mars, Jupiter, Saturn, Uranus and Neptune. Jupiter is the largest, with more than twice the mass of all the others together.',
    more: [
      'Pluto has counted as a dwarf planet since 2006.',
      'The inner four are of rock, the outer four mostly of gas and ice.',
      'A year on Neptune takes 165 of ours.',
    ],
  },
  {
    ask: 'highest/tallest mountain | mount everest | longest river | largest ocean',
    say: 'The highest mountain is Mount Everest with 8,849 metres. The longest rivers are the Nile and the Amazon, each more than 6,400 kilometres long, and the largest ocean is the Pacific.',
    more: [
      'Measured from its foot on the sea floor, Mauna Kea in Hawaii is even taller than Everest.',
      'Which of the two rivers is longer depends on where one sets their sources.',
      'The Pacific is larger than all land together.',
    ],
  },
  {
    ask: 'water boil | boiling point | water freeze | freezing point',
    say: 'At sea level water boils at 100 °C (212 °F) and freezes at 0 °C (32 °F). The lower the air pressure, the earlier it boils: on Mount Everest at about 70 °C.',
    more: [
      'A pressure cooker goes the other way and reaches about 120 °C.',
      'Salt raises the boiling point only a little, but lowers the freezing point clearly.',
      'Water is densest at 4 °C, so lakes freeze from the top.',
    ],
  },
  {
    ask: 'dna',
    say: 'DNA is the molecule that carries the building plan of living things: two strands, wound round each other, with four kinds of letters (A, T, C, G) between them. A always stands opposite T, and C opposite G, so each strand can be copied from the other.',
    more: [
      'Three letters name one amino acid of a protein.',
      'A human cell holds about three billion pairs, two metres of thread.',
      'Two people differ in about one letter in a thousand.',
    ],
  },
  {
    ask: 'vaccine/vaccines/vaccination | immune system',
    say: 'A vaccine shows the immune system a harmless part of a germ, so that it learns to recognise it. When the real germ comes, antibodies and memory cells are ready within hours instead of days.',
    more: [
      'Some vaccines need a second dose, which makes the memory last.',
      'If enough people are protected, germs no longer find a way to those who are not.',
      'For advice on your own case, ask your doctor.',
    ],
  },
  {
    ask: 'sleep better | fall asleep | insomnia | sleep hours',
    say: 'Most adults need seven to nine hours. What helps most is to get up at the same time every day, have no coffee after noon, and keep the bedroom dark and at about 18 °C.',
    more: [
      'If you lie awake for more than 20 minutes, get up and read something dull in dim light.',
      'Alcohol makes you fall asleep faster and sleep worse.',
      'If it goes on for more than a month, see a doctor.',
    ],
  },
  {
    ask: 'learn language | learn spanish/french/german/italian/english/japanese',
    say: 'Twenty minutes a day beat three hours at the weekend. Learn the thousand most frequent words with flash cards that come back at growing intervals, and speak with somebody from the first week on.',
    more: [
      'Series with subtitles in the same language train the ear.',
      'Learn whole phrases, so that grammar comes along by itself.',
      'Set a date for a real use, such as a trip.',
    ],
    next: 'How much time do you have each day?',
  },
  {
    ask: 'bicycle/bicycles | bike history | history bicycle',
    say: 'The bicycle began in 1817, when Karl Drais built a wooden running machine with two wheels in Mannheim. Pedals on the front wheel came in the 1860s in France, and in 1885 the Rover safety bicycle had what we still ride: two equal wheels and a chain to the rear one.',
    more: [
      'John Boyd Dunlop’s air-filled tyre of 1888 made riding comfortable.',
      'In the 1890s the bicycle gave many women a new freedom to travel on their own.',
      'Derailleur gears became common in the 1930s.',
      'Today about every second bicycle sold in Germany has an electric motor.',
    ],
    next: 'Are you more interested in the technology or in what it changed for people?',
  },
  {
    ask: 'world war end/began/start | berlin wall | roman empire fall/fell | moon landing',
    say: 'The dates most often asked for: the Western Roman Empire ended in 476, the First World War lasted from 1914 to 1918, the Second from 1939 to 1945, people first walked on the Moon on 20 July 1969, and the Berlin Wall fell on 9 November 1989.',
    more: ['In Europe the Second World War ended on 8 May 1945, in Asia on 2 September.'],
    next: 'About which of them would you like to know more?',
  },
  {
    ask: 'wrote hamlet | shakespeare | romeo juliet',
    say: 'William Shakespeare (1564–1616) wrote Hamlet around 1600, and Romeo and Juliet a few years before that. He left 37 plays or so and 154 sonnets.',
    more: [
      'Hamlet is the story of a prince who is to avenge his father and hesitates.',
      'Most of his plays were first performed by his own company, at the Globe among other places.',
      'Many phrases of everyday English come from him.',
    ],
  },
  {
    ask: 'mona lisa | leonardo vinci',
    say: 'The Mona Lisa was painted by Leonardo da Vinci, from about 1503 on. It hangs in the Louvre in Paris and most probably shows Lisa Gherardini, the wife of a merchant in Florence.',
    more: [
      'Its soft transitions without outlines are called sfumato.',
      'It became world-famous when it was stolen in 1911 and came back two years later.',
      'It is only 77 by 53 centimetres.',
    ],
  },
  {
    ask: 'population world | people earth | population',
    say: 'About 8 billion people live on Earth; that mark was passed in November 2022. India and China have about 1.4 billion each, the European Union about 450 million.',
    more: [
      'Growth is slowing: the United Nations expect a peak of a little over 10 billion late in this century.',
      'More than half of all people live in cities.',
    ],
    next: 'Which country or city do you mean?',
  },
  {
    ask: 'pancakes/pancake | recipe dinner/quick/simple | cook dinner/pasta/rice | pasta recipe',
    say: 'For pancakes, whisk 200 g flour, 2 eggs, 350 ml milk and a pinch of salt, let it rest for 15 minutes and bake thin layers in butter. For a quick pasta, fry garlic and chilli in olive oil, add 400 g tomatoes, and simmer while the pasta cooks in well-salted water.',
    more: [
      'Keep a cup of the pasta water: it binds the sauce.',
      'The first pancake always fails; the pan was not hot enough.',
      'Both take half an hour and feed four and two people.',
    ],
    next: 'What do you have at home?',
  },
  {
    ask: 'coffee | espresso',
    say: 'For a good filter coffee take 60 g of freshly ground coffee per litre and water of about 94 °C. If it tastes sour, grind finer; if it tastes bitter, grind coarser.',
    more: [
      'Espresso is 18 g of finely ground coffee, pressed through in 25 to 30 seconds to about 36 g.',
      'A cup of filter coffee has more caffeine than an espresso.',
      'Beans are best between one and six weeks after roasting.',
    ],
  },
  {
    ask: 'visit/trip/weekend/see/things paris | visit/trip/weekend/things rome | visit/trip/weekend/things berlin | visit/trip/weekend/things lisbon | city trip',
    say: 'For a city weekend, plan one large sight per half day and leave the evenings open. In Paris that could be the Musée d’Orsay, a walk from Notre-Dame through the Marais, and Montmartre early in the morning; in Rome the Forum and Trastevere, in Berlin the Museum Island and Kreuzberg, in Lisbon Alfama and Belém.',
    more: [
      'Book tickets for the great museums ahead; the queue costs half a day.',
      'Stay near a metro line rather than in the very centre.',
      'Monday is closing day in many museums.',
    ],
    next: 'When are you going, and what do you like?',
  },
  {
    ask: 'weather | rain tomorrow/today',
    say: 'I cannot see live weather data, so I do not know today’s forecast. A weather service for your place will tell you; if your application offers me a weather tool, I can look it up there.',
    more: [
      'Forecasts are dependable for about three days and a trend up to seven.',
      'A 30 percent chance of rain means that it rains on three of ten such days.',
    ],
    next: 'Which place do you mean?',
  },
  {
    ask: 'what time | date today | what day | news today | stock price',
    say: 'I have no clock and no live data, so I cannot tell you the current time, news or prices. Your device or a current source can; if you give me the figures, I can work with them.',
    more: ['With a tool for it in the request, I could look such things up.'],
    next: 'What do you need it for?',
  },
  {
    ask: 'motivated/motivation | procrastination/procrastinate/procrastinating | concentrate/focus | burnout/stress/stressed',
    say: 'Make the next step so small that it takes ten minutes, put the phone in another room, and work on that one thing only. Once you have begun, going on is easy.',
    more: [
      'Plan two blocks of 90 minutes a day for hard work and answer messages outside of them.',
      'Real breaks, best with a walk, are part of it.',
      'If you are exhausted for weeks, talk to your doctor or to the employee assistance line.',
    ],
    next: 'What are you putting off at the moment?',
  },
  {
    ask: 'presentation | public speaking | slides | speech nervous',
    say: 'Begin with the one sentence that people should remember, and build everything around it: the problem, what you found, what you propose. Three main points, one idea per slide, and the request at the end.',
    more: [
      'Learn the first and the last minute by heart and speak the rest freely.',
      'Rehearse aloud with a clock; ten minutes are about 1,200 words.',
      'Prepare answers to the three questions that you fear.',
    ],
    next: 'Who will be listening?',
  },
  {
    ask: 'gift/present birthday/colleague/farewell | birthday ideas',
    say: 'Choose something that is used up or done together: good coffee or chocolate, a voucher for a cooking class, a plant for the desk, or a book with a line from everyone in the team. Up to 35 euros is the usual frame among colleagues.',
    more: [
      'A card with real memories is kept longer than most gifts.',
      'Ask a close colleague about allergies and taste.',
    ],
    next: 'What does the person like?',
  },
  {
    ask: 'blockchain | bitcoin',
    say: 'A blockchain is a ledger that many parties keep together: each block contains a checksum of the one before, so nothing can be changed afterwards without everybody noticing. Bitcoin uses it to transfer money without a bank.',
    more: [
      'The parties must agree on the next block; Bitcoin does it by costly computation, others by deposits.',
      'If all parties trust one operator, an ordinary database is cheaper and faster.',
      'Prices of cryptocurrencies vary strongly.',
    ],
  },
  {
    ask: 'quantum computer/computing | qubit',
    say: 'A quantum computer calculates with qubits, which can be in a mixture of 0 and 1, so many possibilities are worked on at once. For a few problems, such as factoring large numbers or simulating molecules, that saves an enormous amount of time.',
    more: [
      'Today’s machines are small and make errors; correcting them takes many physical qubits for a good one.',
      'For everyday programs it brings nothing.',
      'Encryption that withstands it has been standardised since 2024.',
    ],
  },
  {
    ask: 'machine learning | artificial intelligence | neural network/networks | deep learning',
    say: 'In machine learning, a program finds its rules from examples instead of being given them: shown thousands of mails marked as spam or not, it learns what gives spam away. Neural networks do that with many layers of simple weighted sums.',
    more: [
      'The model is as good as its examples, including their mistakes and gaps.',
      'Test it on data that it has not seen.',
      'A simple model that can be explained is often enough.',
    ],
  },
  {
    ask: 'relativity | einstein',
    say: 'Albert Einstein (1879–1955) showed in 1905 that the speed of light is the same for everybody, so moving clocks run slower and mass is a form of energy: E = mc². In 1915 his general relativity explained gravity as a curvature of space and time.',
    more: [
      'Satellite navigation corrects its clocks for both effects every day.',
      'The Nobel Prize of 1921 was for his explanation of the photoelectric effect, not for relativity.',
      'The bending of starlight by the Sun, measured in 1919, made him famous.',
    ],
  },
  {
    ask: 'meaning life',
    say: 'Nobody has the one answer, but several good ones have been given: to live well and with reason (Aristotle), to free oneself from craving (the Buddha), to serve God and one’s neighbour (many religions), or to create the meaning oneself (Sartre and Camus). Studies of what people call a meaningful life name close relationships, being needed, and work that one believes in.',
    more: ['In a well-known novel a computer answers 42, after seven and a half million years.'],
    next: 'What brought you to the question?',
  },
  {
    ask: 'eiffel tower',
    say: 'The Eiffel Tower in Paris is 330 metres high, antennas included. It was built for the World’s Fair of 1889 and was the tallest structure in the world until 1930.',
    more: [
      'In summer it grows by up to 15 centimetres, because iron expands.',
      'It was meant to stand for 20 years and was saved by its use for radio.',
      'It is painted anew every seven years or so.',
    ],
  },
  {
    ask: 'world cup',
    say: 'The last men’s football World Cups went to Germany (1990), Brazil (1994), France (1998), Brazil (2002), Italy (2006), Spain (2010), Germany (2014), France (2018) and Argentina (2022). Brazil has won most often, five times.',
    more: [
      'The women’s World Cup of 2023 went to Spain.',
      'The first one was held in Uruguay in 1930, and the hosts won.',
    ],
  },
  {
    ask: 'wine stain | stain',
    say: 'Dab a fresh red wine stain with a dry cloth, do not rub, then pour cold mineral water over it and dab again. Cover what is left with salt or baking soda for half an hour, and wash it at 30 degrees.',
    more: [
      'On white cotton, an oxygen bleach takes care of the rest.',
      'Never use hot water first; it fixes the colour.',
    ],
    next: 'Which fabric is it?',
  },
  {
    ask: 'laptop buy/which/recommend/choose',
    say: 'For office work and the web, 16 GB of memory, a 512 GB SSD and a matt 14-inch screen are enough; more processor hardly shows. For video, games or models of your own, put the money into the graphics chip and 32 GB of memory.',
    more: [
      'A used business laptop of three years is the best value for money.',
      'Try the keyboard before you buy; you cannot change it later.',
      'Look for a replaceable battery and two USB-C ports.',
    ],
    next: 'What will you use it for, and what may it cost?',
  },
  {
    ask: 'pros cons remote | advantages disadvantages remote | pros cons home | remote work productive/productivity',
    say: 'In favour of remote work: no commute, quiet hours for hard work, and people you could not hire on site. Against it: newcomers learn more slowly, chance meetings fall away, and the working day easily has no end.',
    more: [
      'Two fixed office days per team keep most of both.',
      'Write decisions down, so that nobody has to have been in the room.',
      'Watch newcomers closely for the first three months.',
    ],
  },
  {
    ask: 'cook tonight | what cook | dinner tonight | eat tonight',
    say: 'How about shakshuka? Fry an onion and a red pepper, add a tin of tomatoes with cumin and paprika, let it simmer for ten minutes, break four eggs into it and cover the pan until they are set. With bread it feeds two in 25 minutes.',
    more: [
      'Crumbled feta goes well with it.',
      'Without eggs, take chickpeas.',
      'If it has to be faster, spaghetti with garlic, oil and chilli takes as long as the water.',
    ],
    next: 'Is there something that you do not eat?',
  },
]
