"""Sentence templates of the demo: a quiz show's and an interview's.

A `{slot}` is filled from the list of that name in words.WORDS; `{question}`, `{options}` and the
sums are filled from the clip's own values. vago.recipes.demo.sentences puts clips together.
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

# Pool -> its templates; a pattern of QUIZ_PATTERNS names the pools of a clip, in order.
QUIZ_POOLS: dict[str, list[str]] = {
    "greet": ["Jó estét kívánok, kedves nézőink, üdvözlöm önöket {show}!",
        "Szép estét mindenkinek, kezdődik {start}!", "Hölgyeim és uraim, kezdődik {start}!",
        "Sok szeretettel köszöntöm önöket {show}!"],
    "guest": ["Mai játékosunk {job}, és {from_city} érkezett hozzánk.",
        "Ma este egy {of_city} {job} ül le velem szemben.",
        "Vendégünk {from_city} jött, és azt mondja, {feels}.",
        "A székben egy {of_city} {job}, aki azt mondja, {feels}."],
    "stake": ["Tizenöt kérdés választja el a főnyereménytől!",
        "A tét nem kevesebb, mint 40 000 000 Ft!",
        "Ma este akár negyvenmillió forintot is nyerhet!", "A főnyeremény ma is 40 millió forint!"],
    "begin": ["Sok szerencsét kívánok, induljon a játék!", "Dőljenek hátra, és játsszanak velünk!",
        "Lássuk az első kérdést!"],
    "ask_intro": ["Következik {nth} kérdés, a tét {digits} Ft!",
        "Íme a következő kérdés {sum} forintért.", "Figyeljen jól, mert ez {kind_of} kérdés lesz!",
        "Jöjjön egy {kind_of} kérdés {sum} forintért!"],
    "ask": ["{question}"],
    "ask_tail": ["Gondolkodjon nyugodtan, van még ideje.", "Ha bizonytalan, bátran {help}.",
        "Nem kell sietni, mindjárt jönnek a válaszok.", "Mit gondol, tudja a választ?",
        "A közönség már suttog, de ön csak magára hallgasson.",
        "Mindhárom segítsége megvan, most is {help}.", "Ha tudja a választ, {sum} forint az öné."],
    "list_intro": ["Mutatom a négy lehetséges választ.", "A lehetőségek a következők.",
        "Négy válasz, de csak egy igaz.", "Íme a négy válasz {sum} forintért.",
        "Lássuk a válaszokat, az egyik {digits} Ft értékű!"],
    "list": ["{options}"],
    "list_tail": ["Melyiket jelöljük meg?", "Melyik a helyes válasz, A, B, C vagy D?",
        "Ha bizonytalan, most még {help}.", "Az 50:50 után már csak két válasz marad.",
        "Kérem, mondja ki a betűt, ha végleges!",
        "Ön szerint melyik az igazi, és melyik három a csapda?",
        "Mondja ki bátran, és {sum} forint az öné!"],
    "now": ["Ön most {sum} forintnál tart.", "A számláján jelenleg {digits} Ft van.",
        "Ez a válasz {sum} forintot ért!", "Ebben a pillanatban {sum} forint az öné."],
    "next": ["A következő lépcső már {next} forint!",
        "Egyetlen jó válasz, és {next} forinttal megy haza!",
        "A következő kérdés {next_digits} Ft, se több, se kevesebb."],
    "risk": ["Ha megáll, hazaviheti a pénzt.", "Ennyi pénzből {buy}.",
        "Gondolja meg jól: kockáztat, vagy megáll?", "Ha téved, szinte mindent elveszíthet.",
        "Ennyiből akár {buy}, de döntenie kell!"],
    "right": ["Ez az, helyes a válasz!", "{praise}, ez a helyes válasz!",
        "{praise}, megint igaza volt!", "Igen, igen, igen, eltalálta a választ!"],
    "won": ["Szívből gratulálok, ön {sum} forintot nyert!", "Ezzel {sum} forint az öné!",
        "A nyereménye {digits} Ft, gratulálok!"],
    "cheer": ["Büszke lehet önre {proud}!", "A közönség állva tapsol önnek!",
        "Ilyen magabiztos választ ritkán hallunk itt.",
        "Mély levegő, és indulunk tovább {next} forintért!", "Ezt bizony kevesen tudták volna!"],
    "clock": ["Már csak {seconds} másodperce maradt a válaszra!",
        "Az óra könyörtelen, {seconds} másodperc van hátra.",
        "Figyelem, indul a visszaszámlálás, {seconds} másodperc!"],
    "tense": ["A stúdióban síri csend van, mindenki az órát nézi.",
        "Döntenie kell, mert az idő nem áll meg.", "Hallani a szívdobogását, {sum} forint a tét.",
        "Utolsó pillanatok, utolsó esély {sum} forintért."],
    "count": ["{count}, és lejárt az idő!", "{count}, kérem a választ!",
        "{count}, mondja ki most!"],
    "thanks": ["Ennyi volt a mai adás, köszönjük, hogy velünk tartottak!",
        "Köszönöm a közönségnek a tapsot, önöknek a figyelmet."],
    "prize": ["Játékosunk {sum} forinttal térhet haza {to_city}.",
        "Vendégünk boldogan indul haza {to_city}, a nyereménye {digits} Ft."],
    "wish": ["Ne feledjék, a tudás a legnagyobb nyeremény!", "Vigyázzanak magukra és egymásra!",
        "Jelentkezzenek bátran, talán legközelebb önök ülnek itt!",
        "Legyen szép estéjük, aludjanak jól!"],
    "bye": ["Viszontlátásra {when}, ugyanitt, ugyanekkor!",
        "Találkozunk {when}, addig is minden jót!",
        "Búcsúzom önöktől, és {when} újra várom önöket!"],
}  # fmt: skip

# Category of a quiz clip -> the patterns it may follow.
QUIZ_PATTERNS: dict[str, list[str]] = {
    "opening": ["greet guest stake", "greet stake begin", "greet guest begin"],
    "question": ["ask_intro ask ask_tail", "ask_intro ask", "ask_intro ask ask_tail ask_tail"],
    "options": ["list_intro list list_tail", "list list_tail", "list_intro list"],
    "money": ["now next risk", "now risk next", "now next risk risk"],
    "congratulation": ["right won cheer", "right won cheer cheer", "right cheer won"],
    "countdown": ["clock tense count", "tense clock count", "tense tense count"],
    "farewell": ["thanks wish bye", "thanks prize bye", "prize wish bye", "thanks prize wish"],
}

# Topic of an interview clip -> its statements.
TOPICS: dict[str, list[str]] = {
    "childhood": ["Gyerekkoromban {season} mindig {outing} mentünk.",
        "{relative} tanított meg {skill}.", "{in_city} nőttem fel, egy {house} ház {floor}.",
        "Az édesanyám {parent_job} volt, az édesapám {father_job}.",
        "Arra emlékszem a legjobban, ahogy {memory}.", "Nem volt sok pénzünk, de {had}.",
        "Szerettem iskolába járni, bár {hated} sosem ment igazán.",
        "Szerencsés gyerek voltam, mert {had}."],
    "work": ["{years} éve dolgozom {workplace}.", "Reggel {hour} kelek, mert {because}.",
        "A munkámban az a legszebb, hogy {nice}.", "Az első fizetésemből {bought}.",
        "A mesterem mindig azt mondta, hogy {saying}.", "Volt egy nehéz időszak, amikor {hard}.",
        "Akkoriban {workplace} kaptam állást, pedig {dream} akartam lenni."],
    "travel": ["{years} éve jártam először {country}.",
        "Vonattal utaztunk {depart} egészen {arrive}.", "{country} az emberek {people}.",
        "A bőröndömben mindig van {luggage}.", "Egyszer eltévedtünk {lost}, és {rescue}.",
        "Ha tehetném, holnap újra elindulnék {toward}.", "Útközben tanultam meg, hogy {lesson}."],
    "teaching": ["{years} évig tanítottam {taught} egy {of_city} gimnáziumban.",
        "A gyerekek {able}, ha {listen}.", "Egy jó tanár {teacher}.",
        "Volt egy tanítványom, aki ma már {became}.",
        "Az első órámon annyira izgultam, hogy {nervous}.",
        "Szerintem {art} nélkül szegényebb lenne az iskola."],
    "music": ["{age} kezdtem {practice}.", "Esténként {record} hallgatok.",
        "A kórussal minden {day} próbálunk, télen és nyáron.", "Egy jó dal {song}.",
        "Amikor {record} hallgatok, elfelejtem a gondjaimat.",
        "{age} hallottam először zenekart, és rögtön beleszerettem."],
    "books": ["Mostanában {genre} olvasok, főleg {reading}.", "A kedvenc könyvem {book}.",
        "Ha {genre} olvasok, egészen megfeledkezem a világról.",
        "Minden {day} bemegyek a könyvtárba, és {genre} keresek."],
    "kitchen": ["Vasárnaponként {dish} főzök {guests}.", "A jó leves titka az, hogy {secret}.",
        "Szívesen készítek {dish}, főleg {season}.",
        "{relative} tanított meg főzni, tőle tudom, hogy {secret}."],
    "nature": ["Hétvégén {hills} járunk kirándulni, esőben is.", "Az erdőben {forest}.",
        "A kertemben {garden} nő, és {bird} fészkel az eresz alatt.",
        "Minden {day} futni megyek, és {running}.", "{years} éve futok, és {running}."],
    "family": ["{child} {doing}.", "{child} {doing}, és nagyon büszke vagyok rá.",
        "Minden {day} együtt vacsorázunk.", "Otthon {who_says} főz, én pedig mosogatok.",
        "Ha sokat dolgozom, {who_says} szól, hogy pihenjek."],
}  # fmt: skip

# How a longer interview clip may end.
REFLECTIONS = [
    "Ezt {still} így gondolom.", "Ezért vagyok hálás.", "Nekem ez ad erőt.",
    "Talán ezért lettem az, aki vagyok.", "Ebből {still} sokat tanulok.",
    "Ezért szeretem ezt az életet.", "Erről órákig tudnék mesélni.", "Ezt nehéz szavakba önteni.",
    "Ahogy {who_says} mondja, {saying}.", "Azóta tudom, hogy {saying}.",
    "Akkor értettem meg, hogy {saying}.",
]  # fmt: skip

# The last sentence of an interview clip that ends with a question.
QUESTIONS = [
    "Hát nem furcsa, hogy {odd}?", "Ki gondolta volna, hogy {thought}?",
    "Mit mondhattam volna {told} azon a napon?",
    "Hogyan lehet {activity} úgy, hogy {time_for} is jusson idő?",
    "Emlékszik még arra, milyen volt {first}?", "Tudja, mit tanultam ebből az egészből?",
    "Miért ne kezdhetne az ember újra {activity}?",
]  # fmt: skip

# Sentences with every accented vowel; only pretraining uses them.
PANGRAMS = [
    "Árvíztűrő tükörfúrógép.",
    "Jó foxim és don Quijote húszwattos lámpánál ülve egy pár bűvös cipőt készít.",
]
