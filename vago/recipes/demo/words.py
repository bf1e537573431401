"""Words, sums of money and quiz questions that fill the slots of the demo's sentence templates.

Every list holds words in the one inflected form its templates need, so that articles and suffixes
always agree; nothing is inflected by program.
"""

from __future__ import annotations

# forint, in ascending order; an entry and its successor are one step of the quiz
LADDER = (
    "25 000", "50 000", "100 000", "200 000", "300 000", "500 000", "800 000", "1 500 000",
    "3 000 000", "5 000 000", "10 000 000", "20 000 000", "40 000 000",
)  # fmt: skip
LADDER_IN_WORDS = (
    "huszonötezer", "ötvenezer", "százezer", "kétszázezer", "háromszázezer", "ötszázezer",
    "nyolcszázezer", "másfél millió", "hárommillió", "ötmillió", "tízmillió", "húszmillió",
    "negyvenmillió",
)  # fmt: skip

# Question and four answers, the right one first; the answers are shuffled before they are spoken.
TRIVIA = """
Melyik folyó partján fekszik Szeged?|Tisza|Dráva|Rába|Körös
Melyik városban áll a Parlament épülete?|Budapest|Debrecen|Győr|Pécs
Ki írta az Egri csillagok című regényt?|Gárdonyi Géza|Jókai Mór|Mikszáth Kálmán|Móra Ferenc
Ki szerezte a Himnusz zenéjét?|Erkel Ferenc|Liszt Ferenc|Bartók Béla|Kodály Zoltán
Ki alkotta meg a bűvös kockát?|Rubik Ernő|Bíró László|Neumann János|Bay Zoltán
Melyik bolygó van a legközelebb a Naphoz?|Merkúr|Vénusz|Mars|Jupiter
Hány húrja van egy hegedűnek?|négy|öt|hat|nyolc
Melyik a világ leghosszabb hegysége?|Andok|Himalája|Alpok|Kárpátok
Melyik fém folyékony szobahőmérsékleten?|higany|ólom|ezüst|cink
Hány évig tartott a százéves háború?|száztizenhat|száz|kilencven|ötven
Ki festette a Mona Lisát?|Leonardo da Vinci|Rembrandt|Picasso|Munkácsy Mihály
Melyik állat a leggyorsabb a szárazföldön?|gepárd|antilop|strucc|oroszlán
Mi Portugália fővárosa?|Lisszabon|Madrid|Porto|Sevilla
Melyik elem vegyjele az O betű?|oxigén|arany|ozmium|ólom
Melyik tó a legnagyobb Közép-Európában?|Balaton|Fertő|Bodeni-tó|Velencei-tó
Ki írta a János vitéz című költeményt?|Petőfi Sándor|Arany János|Vörösmarty Mihály|Ady Endre
Melyik hónap a leghidegebb Magyarországon?|január|március|október|július
Hány játékosa van a vízben egy vízilabdacsapatnak?|hét|öt|hat|tizenegy
Ki volt a Szent Korona első viselője a hagyomány szerint?|\
Szent István|Szent László|Könyves Kálmán|Béla király
Melyik madár nem tud repülni?|pingvin|gólya|fecske|sas
Melyik hangszeren játszott Liszt Ferenc?|zongora|hegedű|fuvola|cimbalom
Melyik nyelv rokona a magyarnak?|finn|német|török|román
Melyik eszköz méri a légnyomást?|barométer|hőmérő|iránytű|mérleg
Melyik városban született Bartók Béla?|Nagyszentmiklós|Kecskemét|Sopron|Kolozsvár
Melyik a legmagasabb hegycsúcs Magyarországon?|Kékes|Galya-tető|Írott-kő|Dobogókő
Ki fedezte fel a C-vitamint?|Szent-Györgyi Albert|Semmelweis Ignác|Hevesy György|Teller Ede
Milyen színű a zsiráf nyelve?|sötétkék|piros|fehér|sárga
Melyik óceán partján fekszik Lisszabon?|Atlanti|Csendes|Indiai|Északi-Jeges
Hány perc van két és fél órában?|százötven|százhúsz|kétszáz|százhatvan
Melyik gyümölcsből készül a lekváros derelye tölteléke?|szilva|alma|dinnye|narancs
""".strip().splitlines()

# Slot -> the words it is filled from.
WORDS: dict[str, list[str]] = {
    "show": ["a stúdióban", "a ma esti adásban", "a nagy kvízműsorban", "a tudás játékában"],
    "start": ["a ma esti játék", "az új évad", "az ország legizgalmasabb vetélkedője",
        "a hét legnagyobb játéka"],
    "job": ["tanár", "orvos", "mérnök", "postás", "pék", "könyvtáros", "egyetemista", "kertész",
        "ápoló", "mozdonyvezető"],
    "from_city": ["Szegedről", "Pécsről", "Győrből", "Debrecenből", "Egerből", "Miskolcról",
        "Sopronból", "Kecskemétről", "Szolnokról"],
    "to_city": ["Szegedre", "Pécsre", "Győrbe", "Debrecenbe", "Egerbe", "Miskolcra", "Sopronba",
        "Kecskemétre", "Szolnokra"],
    "in_city": ["Szegeden", "Pécsen", "Győrben", "Debrecenben", "Egerben", "Miskolcon", "Sopronban",
        "Kecskeméten", "Szolnokon"],
    "of_city": ["szegedi", "pécsi", "győri", "debreceni", "egri", "miskolci", "soproni",
        "kecskeméti", "szolnoki"],
    "feels": ["egyáltalán nem izgul", "hetek óta készül", "minden kérdésre felkészült",
        "csak a játék öröme érdekli"],
    "nth": ["az első", "a második", "a harmadik", "a negyedik", "az ötödik", "a hatodik",
        "a hetedik", "a nyolcadik", "a kilencedik", "a tizedik", "a tizenegyedik",
        "a tizenkettedik"],
    "kind_of": ["nehéz", "könnyű", "becsapós", "izgalmas", "ravasz", "szép"],
    "help": ["felezhet", "megkérdezheti a közönséget", "felhívhatja egy barátját"],
    "buy": ["új autót vehet", "körbeutazhatja a világot", "felújíthatja az egész házát",
        "megveheti álmai hangszerét"],
    "proud": ["a családja", "a régi tanára", "az egész városa", "minden barátja"],
    "praise": ["Nagyszerű", "Lenyűgöző", "Fantasztikus", "Bámulatos", "Ragyogó"],
    "seconds": ["öt", "tíz", "tizenöt", "húsz", "harminc"],
    "count": ["Három, kettő, egy", "Öt, négy, három, kettő, egy", "Négy, három, kettő, egy",
        "Hat, öt, négy, három, kettő, egy"],
    "when": ["jövő héten", "holnap este", "vasárnap", "jövő pénteken", "szombat este"],
    "season": ["nyáron", "télen", "hétvégén", "a szünetben"],
    "outing": ["a nagymamámhoz", "a Balatonra", "a hegyekbe", "a tanyára", "a nagybátyámhoz"],
    "relative": ["A nagyapám", "A bátyám", "Az édesapám", "A szomszédunk", "A nagynéném"],
    "skill": ["horgászni", "sakkozni", "fát faragni", "biciklizni", "gombát szedni", "hegedülni"],
    "house": ["régi", "sárga", "kertes", "folyóparti", "kétemeletes"],
    "floor": ["első emeletén", "földszintjén", "padlásszobájában"],
    "parent_job": ["varrónő", "óvónő", "tanítónő", "postás", "ápolónő"],
    "father_job": ["asztalos", "vasutas", "villanyszerelő", "kőműves", "pék"],
    "memory": ["este a tornácon énekeltünk", "az első hó után szánkózni mentünk",
        "a nagymamám kenyeret sütött", "a Tisza partján tüzet raktunk",
        "a padláson régi leveleket találtunk"],
    "had": ["zene mindig volt nálunk", "könyvből sosem volt hiány", "nevetésből annál több jutott",
        "az ajtónk mindig nyitva állt"],
    "hated": ["a matematika", "a rajz", "a torna", "a kémia", "az éneklés"],
    "years": ["hét", "tíz", "tizenkét", "tizenöt", "húsz", "több mint harminc"],
    "workplace": ["egy kórházban", "egy kis műhelyben", "a városi könyvtárban", "a vasútnál",
        "egy mérnöki irodában", "a rádiónál"],
    "dream": ["zenész", "tengerész", "festő", "csillagász"],
    "hour": ["hatkor", "ötkor", "fél hatkor", "fél hétkor"],
    "because": ["ilyenkor még csend van", "korán indul a vonatom", "szeretek nyugodtan kávézni",
        "hajnalban jönnek az ötletek"],
    "nice": ["minden nap tanulok valamit", "emberekkel foglalkozom", "kézbe vehetem az eredményt",
        "nincs két egyforma nap"],
    "bought": ["egy használt biciklit vettem", "könyveket vettem", "a szüleimet hívtam vacsorázni",
        "elutaztam a tengerhez"],
    "saying": ["a türelem fél siker", "aki siet, az kétszer dolgozik", "kérdezni sosem szégyen",
        "a jó munkához idő kell"],
    "hard": ["hónapokig nem kaptam munkát", "éjszaka is dolgoznom kellett",
        "mindent újra kellett kezdenem"],
    "country": ["Olaszországban", "Finnországban", "Portugáliában", "Skóciában", "Japánban",
        "Norvégiában", "Görögországban"],
    "depart": ["Budapestről", "Bécsből", "Prágából", "Krakkóból"],
    "arrive": ["Lisszabonig", "Velencéig", "Athénig", "Isztambulig", "Koppenhágáig"],
    "people": ["lassabban élnek", "egész este az utcán beszélgetnek", "nagyon segítőkészek voltak",
        "mindig mosolyogtak ránk"],
    "luggage": ["egy jegyzetfüzet", "egy vastag regény", "egy régi térkép", "egy meleg pulóver"],
    "lost": ["a hegyekben", "egy kikötővárosban", "az óvárosban", "egy sötét erdőben"],
    "rescue": ["egy öreg halász vezetett vissza minket", "végül egy pékségben kötöttünk ki",
        "csak hajnalra értünk a szállásra"],
    "toward": ["a tenger felé", "észak felé", "a hegyek közé", "egy hosszú útra"],
    "lesson": ["kevés holmival is lehet élni", "a mosoly minden nyelven érthető",
        "érdemes néha megállni"],
    "taught": ["matematikát", "történelmet", "fizikát", "irodalmat", "éneket", "biológiát",
        "angolt"],
    "listen": ["történetet mesélünk nekik", "nevetni is lehet az órán", "bízunk bennük",
        "komolyan vesszük a kérdéseiket"],
    "able": ["akkor figyelnek igazán", "mindent megjegyeznek", "bármire képesek"],
    "teacher": ["inkább kérdez, mint válaszol", "sosem nevet ki senkit", "maga is tanul minden nap",
        "türelmes, mint egy kertész"],
    "became": ["orvosként dolgozik Bécsben", "híres hegedűművész", "maga is tanít",
        "repülőgépeket tervez", "saját pékséget vezet"],
    "nervous": ["elfelejtettem bemutatkozni", "leejtettem a krétát", "rossz terembe mentem be",
        "remegett a hangom"],
    "art": ["a zene", "a rajz", "a színjáték", "az irodalom", "az ének"],
    "age": ["hatévesen", "nyolcévesen", "tízévesen", "tizennégy évesen"],
    "practice": ["zongorázni", "csellózni", "gitározni", "furulyázni", "énekelni"],
    "record": ["népzenét", "Bartókot", "lassú dzsesszt", "régi lemezeket", "kórusműveket"],
    "day": ["hétfőn", "kedden", "szerdán", "csütörtökön", "pénteken"],
    "song": ["három percben elmond mindent", "egy egész életet el tud mesélni",
        "az idegeneket is összehozza"],
    "genre": ["verseket", "útleírásokat", "leveleket", "krimiket", "tudományos könyveket"],
    "reading": ["este", "a vonaton", "vasárnap délelőtt", "lefekvés előtt"],
    "book": ["egy régi útinapló", "egy vékony verseskötet", "az Egri csillagok",
        "A Pál utcai fiúk"],
    "dish": ["húslevest", "halászlét", "töltött káposztát", "lecsót", "paprikás csirkét",
        "gulyást"],
    "guests": ["az egész családnak", "a barátaimnak", "a nagymamám receptje szerint",
        "a szomszédoknak is"],
    "secret": ["nem szabad siettetni", "lassú tűzön kell főzni", "mindig kóstolni kell közben"],
    "hills": ["a Bükkbe", "a Mátrába", "a Pilisbe", "az Őrségbe", "a Bakonyba"],
    "forest": ["eltűnnek a gondjaim", "még a csend is más", "mindig találok valami újat",
        "lassabban telik az idő"],
    "garden": ["paradicsom és paprika", "levendula és zsálya", "két öreg diófa", "szőlő és füge"],
    "bird": ["egy fecskepár", "egy rigó", "egy cinke", "egy rozsdafarkú"],
    "child": ["A lányom", "A fiam", "A húgom", "Az öcsém", "Az unokahúgom"],
    "doing": ["zeneiskolába jár", "orvosnak készül", "most tanul vezetni", "állandóan rajzol",
        "jobban sakkozik, mint én"],
    "running": ["azóta jobban alszom", "közben jönnek a legjobb gondolatok",
        "az esőt is megszerettem"],
    "odd": ["soha nem bántam meg", "egyetlen apró döntésen múlt minden", "ma is erre gondolok",
        "akkor senki sem hitt benne"],
    "thought": ["egyszer még tanítani fogok", "harminc év múlva is ezt csinálom",
        "ebből hivatás lesz"],
    "told": ["az apámnak", "a tanáromnak", "a barátaimnak", "a testvéremnek"],
    "activity": ["dolgozni", "tanítani", "írni", "utazni"],
    "time_for": ["a családra", "a zenére", "az olvasásra", "a pihenésre"],
    "first": ["az első munkanapja", "a gyerekkori szobája", "az első utazása",
        "a nagymamája konyhája"],
    "still": ["ma is", "azóta is", "most is"],
    "who_says": ["a párom", "a nagyanyám", "az öcsém", "a nővérem"],
}  # fmt: skip
