"""The word lists and templates of the demo voice's sentences; vago.recipes.demo.sentences puts them together.

A template's `{slot}` is filled from WORDS. Every list holds words in the one inflected form its templates need, so
that articles and suffixes always agree; nothing is inflected by program.
"""

from __future__ import annotations

QUIZ_CATEGORIES = (
    "opening",
    "question",
    "options",
    "money",
    "congratulation",
    "countdown",
    "farewell",
)
INTERVIEW_KINDS = ("long", "medium", "short", "question")

LADDER = (
    "25 000", "50 000", "100 000", "200 000", "300 000", "500 000", "800 000",
    "1 500 000", "3 000 000", "5 000 000", "10 000 000", "20 000 000", "40 000 000",
)  # fmt: skip
LADDER_IN_WORDS = (
    "huszonötezer", "ötvenezer", "százezer", "kétszázezer", "háromszázezer", "ötszázezer", "nyolcszázezer",
    "másfél millió", "hárommillió", "ötmillió", "tízmillió", "húszmillió", "negyvenmillió",
)  # fmt: skip

# The right answer comes first here; options are shuffled before they are spoken.
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
Ki volt a Szent Korona első viselője a hagyomány szerint?|Szent István|Szent László|Könyves Kálmán|Béla király
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

WORDS: dict[str, list[str]] = {
    "show": ["a stúdióban", "a ma esti adásban", "a nagy kvízműsorban", "a tudás játékában"],
    "start": ["a ma esti játék", "az új évad", "az ország legizgalmasabb vetélkedője", "a hét legnagyobb játéka"],
    "job": ["tanár", "orvos", "mérnök", "postás", "pék", "könyvtáros", "egyetemista", "kertész", "ápoló", "mozdonyvezető"],
    "from_city": ["Szegedről", "Pécsről", "Győrből", "Debrecenből", "Egerből", "Miskolcról", "Sopronból", "Kecskemétről",
                  "Szolnokról"],
    "to_city": ["Szegedre", "Pécsre", "Győrbe", "Debrecenbe", "Egerbe", "Miskolcra", "Sopronba", "Kecskemétre", "Szolnokra"],
    "in_city": ["Szegeden", "Pécsen", "Győrben", "Debrecenben", "Egerben", "Miskolcon", "Sopronban", "Kecskeméten", "Szolnokon"],
    "of_city": ["szegedi", "pécsi", "győri", "debreceni", "egri", "miskolci", "soproni", "kecskeméti", "szolnoki"],
    "feels": ["egyáltalán nem izgul", "hetek óta készül", "minden kérdésre felkészült", "csak a játék öröme érdekli"],
    "nth": ["az első", "a második", "a harmadik", "a negyedik", "az ötödik", "a hatodik", "a hetedik", "a nyolcadik",
            "a kilencedik", "a tizedik", "a tizenegyedik", "a tizenkettedik"],
    "kind_of": ["nehéz", "könnyű", "becsapós", "izgalmas", "ravasz", "szép"],
    "help": ["felezhet", "megkérdezheti a közönséget", "felhívhatja egy barátját"],
    "buy": ["új autót vehet", "körbeutazhatja a világot", "felújíthatja az egész házát", "megveheti álmai hangszerét"],
    "proud": ["a családja", "a régi tanára", "az egész városa", "minden barátja"],
    "praise": ["Nagyszerű", "Lenyűgöző", "Fantasztikus", "Bámulatos", "Ragyogó"],
    "seconds": ["öt", "tíz", "tizenöt", "húsz", "harminc"],
    "count": ["Három, kettő, egy", "Öt, négy, három, kettő, egy", "Négy, három, kettő, egy", "Hat, öt, négy, három, kettő, egy"],
    "when": ["jövő héten", "holnap este", "vasárnap", "jövő pénteken", "szombat este"],
    "season": ["nyáron", "télen", "hétvégén", "a szünetben"],
    "outing": ["a nagymamámhoz", "a Balatonra", "a hegyekbe", "a tanyára", "a nagybátyámhoz"],
    "relative": ["A nagyapám", "A bátyám", "Az édesapám", "A szomszédunk", "A nagynéném"],
    "skill": ["horgászni", "sakkozni", "fát faragni", "biciklizni", "gombát szedni", "hegedülni"],
    "house": ["régi", "sárga", "kertes", "folyóparti", "kétemeletes"],
    "floor": ["első emeletén", "földszintjén", "padlásszobájában"],
    "parent_job": ["varrónő", "óvónő", "tanítónő", "postás", "ápolónő"],
    "father_job": ["asztalos", "vasutas", "villanyszerelő", "kőműves", "pék"],
    "memory": ["este a tornácon énekeltünk", "az első hó után szánkózni mentünk", "a nagymamám kenyeret sütött",
               "a Tisza partján tüzet raktunk", "a padláson régi leveleket találtunk"],
    "had": ["zene mindig volt nálunk", "könyvből sosem volt hiány", "nevetésből annál több jutott",
            "az ajtónk mindig nyitva állt"],
    "hated": ["a matematika", "a rajz", "a torna", "a kémia", "az éneklés"],
    "years": ["hét", "tíz", "tizenkét", "tizenöt", "húsz", "több mint harminc"],
    "workplace": ["egy kórházban", "egy kis műhelyben", "a városi könyvtárban", "a vasútnál", "egy mérnöki irodában",
                  "a rádiónál"],
    "dream": ["zenész", "tengerész", "festő", "csillagász"],
    "hour": ["hatkor", "ötkor", "fél hatkor", "fél hétkor"],
    "because": ["ilyenkor még csend van", "korán indul a vonatom", "szeretek nyugodtan kávézni", "hajnalban jönnek az ötletek"],
    "nice": ["minden nap tanulok valamit", "emberekkel foglalkozom", "kézbe vehetem az eredményt", "nincs két egyforma nap"],
    "bought": ["egy használt biciklit vettem", "könyveket vettem", "a szüleimet hívtam vacsorázni", "elutaztam a tengerhez"],
    "saying": ["a türelem fél siker", "aki siet, az kétszer dolgozik", "kérdezni sosem szégyen", "a jó munkához idő kell"],
    "hard": ["hónapokig nem kaptam munkát", "éjszaka is dolgoznom kellett", "mindent újra kellett kezdenem"],
    "country": ["Olaszországban", "Finnországban", "Portugáliában", "Skóciában", "Japánban", "Norvégiában", "Görögországban"],
    "depart": ["Budapestről", "Bécsből", "Prágából", "Krakkóból"],
    "arrive": ["Lisszabonig", "Velencéig", "Athénig", "Isztambulig", "Koppenhágáig"],
    "people": ["lassabban élnek", "egész este az utcán beszélgetnek", "nagyon segítőkészek voltak", "mindig mosolyogtak ránk"],
    "luggage": ["egy jegyzetfüzet", "egy vastag regény", "egy régi térkép", "egy meleg pulóver"],
    "lost": ["a hegyekben", "egy kikötővárosban", "az óvárosban", "egy sötét erdőben"],
    "rescue": ["egy öreg halász vezetett vissza minket", "végül egy pékségben kötöttünk ki", "csak hajnalra értünk a szállásra"],
    "toward": ["a tenger felé", "észak felé", "a hegyek közé", "egy hosszú útra"],
    "lesson": ["kevés holmival is lehet élni", "a mosoly minden nyelven érthető", "érdemes néha megállni"],
    "taught": ["matematikát", "történelmet", "fizikát", "irodalmat", "éneket", "biológiát", "angolt"],
    "listen": ["történetet mesélünk nekik", "nevetni is lehet az órán", "bízunk bennük", "komolyan vesszük a kérdéseiket"],
    "able": ["akkor figyelnek igazán", "mindent megjegyeznek", "bármire képesek"],
    "teacher": ["inkább kérdez, mint válaszol", "sosem nevet ki senkit", "maga is tanul minden nap",
                "türelmes, mint egy kertész"],
    "became": ["orvosként dolgozik Bécsben", "híres hegedűművész", "maga is tanít", "repülőgépeket tervez",
               "saját pékséget vezet"],
    "nervous": ["elfelejtettem bemutatkozni", "leejtettem a krétát", "rossz terembe mentem be", "remegett a hangom"],
    "art": ["a zene", "a rajz", "a színjáték", "az irodalom", "az ének"],
    "age": ["hatévesen", "nyolcévesen", "tízévesen", "tizennégy évesen"],
    "practice": ["zongorázni", "csellózni", "gitározni", "furulyázni", "énekelni"],
    "record": ["népzenét", "Bartókot", "lassú dzsesszt", "régi lemezeket", "kórusműveket"],
    "day": ["hétfőn", "kedden", "szerdán", "csütörtökön", "pénteken"],
    "song": ["három percben elmond mindent", "egy egész életet el tud mesélni", "az idegeneket is összehozza"],
    "genre": ["verseket", "útleírásokat", "leveleket", "krimiket", "tudományos könyveket"],
    "reading": ["este", "a vonaton", "vasárnap délelőtt", "lefekvés előtt"],
    "book": ["egy régi útinapló", "egy vékony verseskötet", "az Egri csillagok", "A Pál utcai fiúk"],
    "dish": ["húslevest", "halászlét", "töltött káposztát", "lecsót", "paprikás csirkét", "gulyást"],
    "guests": ["az egész családnak", "a barátaimnak", "a nagymamám receptje szerint", "a szomszédoknak is"],
    "secret": ["nem szabad siettetni", "lassú tűzön kell főzni", "mindig kóstolni kell közben"],
    "hills": ["a Bükkbe", "a Mátrába", "a Pilisbe", "az Őrségbe", "a Bakonyba"],
    "forest": ["eltűnnek a gondjaim", "még a csend is más", "mindig találok valami újat", "lassabban telik az idő"],
    "garden": ["paradicsom és paprika", "levendula és zsálya", "két öreg diófa", "szőlő és füge"],
    "bird": ["egy fecskepár", "egy rigó", "egy cinke", "egy rozsdafarkú"],
    "child": ["A lányom", "A fiam", "A húgom", "Az öcsém", "Az unokahúgom"],
    "doing": ["zeneiskolába jár", "orvosnak készül", "most tanul vezetni", "állandóan rajzol", "jobban sakkozik, mint én"],
    "running": ["azóta jobban alszom", "közben jönnek a legjobb gondolatok", "az esőt is megszerettem"],
    "odd": ["soha nem bántam meg", "egyetlen apró döntésen múlt minden", "ma is erre gondolok", "akkor senki sem hitt benne"],
    "thought": ["egyszer még tanítani fogok", "harminc év múlva is ezt csinálom", "ebből hivatás lesz"],
    "told": ["az apámnak", "a tanáromnak", "a barátaimnak", "a testvéremnek"],
    "activity": ["dolgozni", "tanítani", "írni", "utazni"],
    "time_for": ["a családra", "a zenére", "az olvasásra", "a pihenésre"],
    "first": ["az első munkanapja", "a gyerekkori szobája", "az első utazása", "a nagymamája konyhája"],
    "still": ["ma is", "azóta is", "most is"],
    "who_says": ["a párom", "a nagyanyám", "az öcsém", "a nővérem"],
}  # fmt: skip

# A pattern names the pools its sentences come from, in order; {question}, {options} and the sums are the clip's own.
QUIZ_POOLS: dict[str, list[str]] = {
    "greet": ["Jó estét kívánok, kedves nézőink, üdvözlöm önöket {show}!", "Szép estét mindenkinek, kezdődik {start}!",
              "Hölgyeim és uraim, kezdődik {start}!", "Sok szeretettel köszöntöm önöket {show}!"],
    "guest": ["Mai játékosunk {job}, és {from_city} érkezett hozzánk.", "Ma este egy {of_city} {job} ül le velem szemben.",
              "Vendégünk {from_city} jött, és azt mondja, {feels}.", "A székben egy {of_city} {job}, aki azt mondja, {feels}."],
    "stake": ["Tizenöt kérdés választja el a főnyereménytől!", "A tét nem kevesebb, mint 40 000 000 Ft!",
              "Ma este akár negyvenmillió forintot is nyerhet!", "A főnyeremény ma is 40 millió forint!"],
    "begin": ["Sok szerencsét kívánok, induljon a játék!", "Dőljenek hátra, és játsszanak velünk!", "Lássuk az első kérdést!"],
    "ask_intro": ["Következik {nth} kérdés, a tét {digits} Ft!", "Íme a következő kérdés {sum} forintért.",
                  "Figyeljen jól, mert ez {kind_of} kérdés lesz!", "Jöjjön egy {kind_of} kérdés {sum} forintért!"],
    "ask": ["{question}"],
    "ask_tail": ["Gondolkodjon nyugodtan, van még ideje.", "Ha bizonytalan, bátran {help}.",
                 "Nem kell sietni, mindjárt jönnek a válaszok.",
                 "Mit gondol, tudja a választ?", "A közönség már suttog, de ön csak magára hallgasson.",
                 "Mindhárom segítsége megvan, most is {help}.", "Ha tudja a választ, {sum} forint az öné."],
    "list_intro": ["Mutatom a négy lehetséges választ.", "A lehetőségek a következők.", "Négy válasz, de csak egy igaz.",
                   "Íme a négy válasz {sum} forintért.", "Lássuk a válaszokat, az egyik {digits} Ft értékű!"],
    "list": ["{options}"],
    "list_tail": ["Melyiket jelöljük meg?", "Melyik a helyes válasz, A, B, C vagy D?", "Ha bizonytalan, most még {help}.",
                  "Az 50:50 után már csak két válasz marad.", "Kérem, mondja ki a betűt, ha végleges!",
                  "Ön szerint melyik az igazi, és melyik három a csapda?", "Mondja ki bátran, és {sum} forint az öné!"],
    "now": ["Ön most {sum} forintnál tart.", "A számláján jelenleg {digits} Ft van.", "Ez a válasz {sum} forintot ért!",
            "Ebben a pillanatban {sum} forint az öné."],
    "next": ["A következő lépcső már {next} forint!", "Egyetlen jó válasz, és {next} forinttal megy haza!",
             "A következő kérdés {next_digits} Ft, se több, se kevesebb."],
    "risk": ["Ha megáll, hazaviheti a pénzt.", "Ennyi pénzből {buy}.", "Gondolja meg jól: kockáztat, vagy megáll?",
             "Ha téved, szinte mindent elveszíthet.", "Ennyiből akár {buy}, de döntenie kell!"],
    "right": ["Ez az, helyes a válasz!", "{praise}, ez a helyes válasz!", "{praise}, megint igaza volt!",
              "Igen, igen, igen, eltalálta a választ!"],
    "won": ["Szívből gratulálok, ön {sum} forintot nyert!", "Ezzel {sum} forint az öné!",
            "A nyereménye {digits} Ft, gratulálok!"],
    "cheer": ["Büszke lehet önre {proud}!", "A közönség állva tapsol önnek!", "Ilyen magabiztos választ ritkán hallunk itt.",
              "Mély levegő, és indulunk tovább {next} forintért!", "Ezt bizony kevesen tudták volna!"],
    "clock": ["Már csak {seconds} másodperce maradt a válaszra!", "Az óra könyörtelen, {seconds} másodperc van hátra.",
              "Figyelem, indul a visszaszámlálás, {seconds} másodperc!"],
    "tense": ["A stúdióban síri csend van, mindenki az órát nézi.", "Döntenie kell, mert az idő nem áll meg.",
              "Hallani a szívdobogását, {sum} forint a tét.", "Utolsó pillanatok, utolsó esély {sum} forintért."],
    "count": ["{count}, és lejárt az idő!", "{count}, kérem a választ!", "{count}, mondja ki most!"],
    "thanks": ["Ennyi volt a mai adás, köszönjük, hogy velünk tartottak!",
               "Köszönöm a közönségnek a tapsot, önöknek a figyelmet."],
    "prize": ["Játékosunk {sum} forinttal térhet haza {to_city}.",
              "Vendégünk boldogan indul haza {to_city}, a nyereménye {digits} Ft."],
    "wish": ["Ne feledjék, a tudás a legnagyobb nyeremény!", "Vigyázzanak magukra és egymásra!",
             "Jelentkezzenek bátran, talán legközelebb önök ülnek itt!", "Legyen szép estéjük, aludjanak jól!"],
    "bye": ["Viszontlátásra {when}, ugyanitt, ugyanekkor!", "Találkozunk {when}, addig is minden jót!",
            "Búcsúzom önöktől, és {when} újra várom önöket!"],
}  # fmt: skip
QUIZ_PATTERNS: dict[str, list[str]] = {
    "opening": ["greet guest stake", "greet stake begin", "greet guest begin"],
    "question": ["ask_intro ask ask_tail", "ask_intro ask", "ask_intro ask ask_tail ask_tail"],
    "options": ["list_intro list list_tail", "list list_tail", "list_intro list"],
    "money": ["now next risk", "now risk next", "now next risk risk"],
    "congratulation": ["right won cheer", "right won cheer cheer", "right cheer won"],
    "countdown": ["clock tense count", "tense clock count", "tense tense count"],
    "farewell": ["thanks wish bye", "thanks prize bye", "prize wish bye", "thanks prize wish"],
}

TOPICS: dict[str, list[str]] = {
    "childhood": ["Gyerekkoromban {season} mindig {outing} mentünk.", "{relative} tanított meg {skill}.",
                  "{in_city} nőttem fel, egy {house} ház {floor}.", "Az édesanyám {parent_job} volt, az édesapám {father_job}.",
                  "Arra emlékszem a legjobban, ahogy {memory}.", "Nem volt sok pénzünk, de {had}.",
                  "Szerettem iskolába járni, bár {hated} sosem ment igazán.", "Szerencsés gyerek voltam, mert {had}."],
    "work": ["{years} éve dolgozom {workplace}.", "Reggel {hour} kelek, mert {because}.",
             "A munkámban az a legszebb, hogy {nice}.",
             "Az első fizetésemből {bought}.", "A mesterem mindig azt mondta, hogy {saying}.",
             "Volt egy nehéz időszak, amikor {hard}.", "Akkoriban {workplace} kaptam állást, pedig {dream} akartam lenni."],
    "travel": ["{years} éve jártam először {country}.", "Vonattal utaztunk {depart} egészen {arrive}.",
               "{country} az emberek {people}.",
               "A bőröndömben mindig van {luggage}.", "Egyszer eltévedtünk {lost}, és {rescue}.",
               "Ha tehetném, holnap újra elindulnék {toward}.", "Útközben tanultam meg, hogy {lesson}."],
    "teaching": ["{years} évig tanítottam {taught} egy {of_city} gimnáziumban.", "A gyerekek {able}, ha {listen}.",
                 "Egy jó tanár {teacher}.", "Volt egy tanítványom, aki ma már {became}.",
                 "Az első órámon annyira izgultam, hogy {nervous}.", "Szerintem {art} nélkül szegényebb lenne az iskola."],
    "music": ["{age} kezdtem {practice}.", "Esténként {record} hallgatok.", "A kórussal minden {day} próbálunk, télen és nyáron.",
              "Egy jó dal {song}.", "Amikor {record} hallgatok, elfelejtem a gondjaimat.",
              "{age} hallottam először zenekart, és rögtön beleszerettem."],
    "books": ["Mostanában {genre} olvasok, főleg {reading}.", "A kedvenc könyvem {book}.",
              "Ha {genre} olvasok, egészen megfeledkezem a világról.", "Minden {day} bemegyek a könyvtárba, és {genre} keresek."],
    "kitchen": ["Vasárnaponként {dish} főzök {guests}.", "A jó leves titka az, hogy {secret}.",
                "Szívesen készítek {dish}, főleg {season}.",
                "{relative} tanított meg főzni, tőle tudom, hogy {secret}."],
    "nature": ["Hétvégén {hills} járunk kirándulni, esőben is.", "Az erdőben {forest}.",
               "A kertemben {garden} nő, és {bird} fészkel az eresz alatt.", "Minden {day} futni megyek, és {running}.",
               "{years} éve futok, és {running}."],
    "family": ["{child} {doing}.", "{child} {doing}, és nagyon büszke vagyok rá.", "Minden {day} együtt vacsorázunk.",
               "Otthon {who_says} főz, én pedig mosogatok.", "Ha sokat dolgozom, {who_says} szól, hogy pihenjek."],
}  # fmt: skip
REFLECTIONS = [
    "Ezt {still} így gondolom.", "Ezért vagyok hálás.", "Nekem ez ad erőt.", "Talán ezért lettem az, aki vagyok.",
    "Ebből {still} sokat tanulok.", "Ezért szeretem ezt az életet.", "Erről órákig tudnék mesélni.", "Ezt nehéz szavakba önteni.",
    "Ahogy {who_says} mondja, {saying}.", "Azóta tudom, hogy {saying}.", "Akkor értettem meg, hogy {saying}.",
]  # fmt: skip
QUESTIONS = [
    "Hát nem furcsa, hogy {odd}?", "Ki gondolta volna, hogy {thought}?", "Mit mondhattam volna {told} azon a napon?",
    "Hogyan lehet {activity} úgy, hogy {time_for} is jusson idő?", "Emlékszik még arra, milyen volt {first}?",
    "Tudja, mit tanultam ebből az egészből?", "Miért ne kezdhetne az ember újra {activity}?",
]  # fmt: skip

PANGRAMS = [
    "Árvíztűrő tükörfúrógép.",
    "Jó foxim és don Quijote húszwattos lámpánál ülve egy pár bűvös cipőt készít.",
]
