/**
 * Words by which a class of failures is known, most telling first: codes and names that programs write, then phrases that
 * people write. The order matters where two classes share words: a refused connection of a database is a matter of the
 * database, a connection that timed out one of time. Patterns are fixed and take linear time.
 */
import type { ErrorClass } from './analysis.schema.js';

/** `code`: written by a program, hardly ever by chance. `phrase`: a choice of words. */
export type Strength = 'code' | 'phrase';

export interface Rule {
  readonly class: ErrorClass;
  readonly strength: Strength;
  readonly pattern: RegExp;
}

const code = (name: ErrorClass, pattern: RegExp): Rule => ({ class: name, strength: 'code', pattern });
const phrase = (name: ErrorClass, pattern: RegExp): Rule => ({ class: name, strength: 'phrase', pattern });

export const RULES: readonly Rule[] = [
  code(
    'missing_module',
    /Cannot find (?:module|package)|MODULE_NOT_FOUND|ModuleNotFoundError|No module named|ImportError|cannot import name|does not provide an export named|Failed to resolve import|Module not found|NoClassDefFoundError|ClassNotFoundException|no required module provides package|is not in (?:std|GOROOT)|cannot find package|unresolved import|can't find crate|ERR_PACKAGE_PATH_NOT_EXPORTED|Can't resolve '/i,
  ),
  code(
    'build',
    /\[build failed\]|error\[E\d{4}\]|error TS\d{3,5}\b|COMPILATION ERROR|cannot find symbol|IndentationError|TabError|Failed to parse source|Transform failed|could not compile|declared and not used|: undefined: \w|syntax error: unexpected|^(?:E\s+)?SyntaxError\b(?!.{0,200}\bJSON\b)|SyntaxError: (?!.{0,200}\bJSON\b)(?:Unexpected|Invalid|Missing|missing|invalid|expected|Unterminated)/m,
  ),
  code(
    'database',
    /duplicate key value|violates (?:unique|foreign key|not-null|check|exclusion) constraint|deadlock detected|Deadlock found|relation "[^"\n]{1,100}" does not exist|column "[^"\n]{1,100}" (?:of relation "[^"\n]{1,100}" )?does not exist|database "[^"\n]{1,100}" does not exist|syntax error at or near|current transaction is aborted|could not serialize access|too many connections|remaining connection slots|password authentication failed for user|(?:UNIQUE|FOREIGN KEY|NOT NULL|CHECK) constraint failed|no such (?:table|column):|database (?:table )?is locked|near "[^"\n]{1,60}": syntax error|\bER_[A-Z_]{4,40}\b|\bSQLITE_[A-Z]+\b|\bORA-\d{5}\b|\bSQLSTATE\b|\bE11000\b|Lock wait timeout|\bMongo[A-Z]\w*Error\b|\bPrismaClient\w*Error\b|\bSequelize\w*Error\b|QueryFailedError|sqlalchemy\.exc\.|psycopg2?\.|sqlite3\.\w*Error|java\.sql\.SQL|PSQLException|HikariPool|pq: /i,
  ),
  code(
    'resource',
    /\bENOSPC\b|no space left on device|\bEMFILE\b|\bENFILE\b|too many open files|heap out of memory|OutOfMemoryError|\bMemoryError\b|\bENOMEM\b|cannot allocate memory|memory allocation of \d|buffer allocation failed|disk quota exceeded|\bEDQUOT\b|memory limit (?:was )?reached|OOMKilled|resource temporarily unavailable/i,
  ),
  code(
    'configuration',
    /environment variable|fixture '[^'\n]{1,100}' not found|NotPresent\b|\bos\.environ\[|is not set in the environment|must be set in the environment|invalid configuration|unknown (?:configuration )?option\b/i,
  ),
  code(
    'timeout',
    /\bE(?:SOCKET)?TIMEDOUT\b|\bETIMEOUT\b|UND_ERR_\w*TIMEOUT|deadline exceeded|DeadlineExceeded|\b\w*TimeoutE(?:rror|xception|xpired)\b|Test timed out in|Exceeded timeout of|[Tt]imeout of \d+ ?ms exceeded|test timed out after|aborted due to timeout|panic: test timed out|\b(?:Read|Connect)Timeout\b|RecvTimeoutError|time limit was reached/,
  ),
  code(
    'network',
    /\bECONN(?:REFUSED|RESET|ABORTED)\b|\bENOTFOUND\b|\bEAI_AGAIN\b|\bEHOSTUNREACH\b|\bENETUNREACH\b|\bEPIPE\b|\bERR_(?:CONNECTION|NETWORK|NAME|TLS|CERT)_\w+|socket hang up|fetch failed|connection (?:refused|reset|aborted)|no such host|Name or service not known|name resolution|getaddrinfo|network is unreachable|\bConnection(?:Refused|Reset|Aborted)?Error\b|ConnectException|UnknownHostException|Max retries exceeded|broken pipe|tls: |x509: |self.signed certificate|handshake failure/i,
  ),
  code(
    'filesystem',
    /\bENOENT\b|\bEACCES\b|\bEISDIR\b|\bENOTDIR\b|\bEEXIST\b|\bEPERM\b|\bEROFS\b|FileNotFoundE(?:rror|xception)|NoSuchFileException|no such file or directory|IsADirectoryError|NotADirectoryError|\bPermissionError\b|FileExistsError|kind: NotFound|is a directory/i,
  ),
  code('rate_limit', /too many requests|rate.?limit(?:ed|s)?\b|quota exceeded|throttl(?:ed|ing)\b/i),
  code(
    'authentication',
    /JsonWebTokenError|TokenExpiredError|\bunauthenticated\b|invalid_grant|invalid_token|\bBadCredentials/i,
  ),
  code(
    'authorization',
    /\bPermissionDenied\b|AccessDenied(?:Exception|Error)?\b|insufficient_scope|InsufficientPrivilege/,
  ),
  code(
    'validation',
    /ZodError|"code": "(?:invalid_type|too_small|too_big|invalid_format|unrecognized_keys)"|\bValidationE(?:rror|xception)\b|ConstraintViolation|MethodArgumentNotValid|pydantic_core/,
  ),
  code(
    'snapshot',
    /Snapshot (?:`|name:|.{0,80}(?:mismatch|does not match))|toMatch(?:Inline)?Snapshot|toHaveScreenshot/,
  ),
  phrase(
    'authentication',
    /\bunauthori[sz]ed\b|jwt (?:expired|malformed)|(?:invalid|bad|wrong|missing|expired) (?:access )?(?:token|credentials?|api.?key|password|bearer)|token (?:has )?expired|authentication (?:failed|required)|not logged in|log.?in failed/i,
  ),
  phrase(
    'authorization',
    /\bforbidden\b|permission denied|access (?:is )?denied|not (?:allowed|authori[sz]ed|permitted) to|(?:insufficient|missing) (?:permissions?|privileges?|rights|scope)/i,
  ),
  phrase(
    'configuration',
    /\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b.{0,40}(?:is |was )?(?:not set|unset|must be set|missing|is required|undefined)|(?:missing|required|unset|undefined) (?:setting|configuration|env)/,
  ),
  phrase('timeout', /\btime[ds]?[ -]?out\b|\btook too long\b|not (?:met|ready|visible|found) (?:within|after) \d/i),
  phrase(
    'validation',
    /\bvalidation (?:failed|error)|\bbad request\b|unprocessable|invalid (?:input|argument|value|request body|payload)\b|must (?:be positive|not be (?:empty|blank|null))|is a required field/i,
  ),
  phrase('server', /internal server error|bad gateway|service unavailable|gateway time-?out/i),
  phrase('resource', /out of memory|disk full|not enough (?:memory|space)/i),
];

/** A program that went wrong by itself, in the words of its language. Looked for after everything that says more. */
export const RUNTIME: readonly Rule[] = [
  code(
    'runtime',
    /\b(?:Type|Reference|Range|Syntax|URI|Eval)Error\b|is not a function|is not defined\b|is not iterable|Cannot (?:read|set) propert|undefined is not|null is not|Maximum call stack|is not valid JSON|in JSON at position|NullPointerException|ClassCastException|IndexOutOfBounds|ArithmeticException|Illegal(?:Argument|State)Exception|NumberFormatException|ConcurrentModification|UnsupportedOperationException|StackOverflowError|NoSuchElementException|\b(?:Attribute|Key|Index|Name|ZeroDivision|Value|Recursion|UnboundLocal|Lookup|Overflow|Unicode\w+)Error\b|JSONDecodeError|StopIteration|invalid memory address|nil pointer dereference|assignment to entry in nil map|index out of range|interface conversion|runtime error:|called `(?:Option|Result)::|index out of bounds|attempt to (?:add|subtract|divide|multiply|negate|shift|calculate)|\bParseIntError\b|slice bounds out of range|division by zero|divide by zero/,
  ),
];

export const ASSERTION =
  /\bAssert(?:ion)?(?:Failed)?Error\b|\bassert(?:ion)?\b|\bexpect(?:ed)?\b.{0,400}\b(?:got|but|received|to|actual|was)\b|\bwant(?:ed)?\b.{0,200}\bgot\b|\bgot\b.{0,200}\bwant(?:ed)?\b|= .{0,200}, want(?:ed)? |not equal|ComparisonFailure|\bleft\b.{0,400}\bright\b/is;

export const CRASH =
  /ended with (?:exit code|signal)|process\.exit (?:unexpectedly )?called|\bSIG(?:SEGV|ABRT|BUS|ILL|KILL|FPE)\b|segmentation fault|core dumped|Fatal Python error|worker (?:process|thread)? ?(?:terminated|exited|crashed)|Channel closed|test process ended/i;

/** Libraries that speak to a database, by the places of their frames. */
export const DATABASE_FRAMES =
  /[\\/](?:pg|pg-pool|postgres|mysql2?|mariadb|tedious|mongodb|mongoose|ioredis|redis|better-sqlite3|sqlite3|knex|sequelize|typeorm|@prisma)[\\/]|psycopg|sqlalchemy|pymysql|pymongo|sqlite3|django[\\/]db|org\.postgresql|com\.mysql|org\.hibernate|com\.zaxxer|jdbc|database\/sql|github\.com\/(?:lib\/pq|jackc\/pgx)|sqlx|diesel/i;
export const DATABASE_PORT = /(?::|port )(?:5432|3306|1433|1521|27017|6379|26257|9042)\b/;
