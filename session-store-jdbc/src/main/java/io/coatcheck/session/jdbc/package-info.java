/**
 * Sessions in a relational database: one table, one row for each session.
 *
 * <p>Begin with {@link JdbcSessionStore}.
 *
 * <ul>
 *   <li><b>Operations</b>: {@code Statements} runs one operation. {@code Lookup} finds sessions,
 *       {@code Writes} stores and deletes them, {@code JdbcBatchLookup} and {@code JdbcBatchTouch}
 *       work on many at a time. {@code SessionRow} maps a session to the columns, each a {@code
 *       Column}; {@code IdColumn} and {@code PrincipalColumn} are types of columns, and {@code
 *       Conditions} makes each {@code Condition} that selects rows, alone or in a {@code Query}.
 *   <li><b>By principal</b>: {@code JdbcPrincipalIndex} lists sessions, {@code Revoking} ends them,
 *       and {@code JdbcLoginLimit} keeps the limit, with a {@code Login} for each live session and
 *       {@code LockNames} for the lock.
 *   <li><b>Clean-up</b>: {@code Cleaning} deletes expired sessions, a {@code Portion} at a time, as
 *       large as the {@code Pace} allows.
 *   <li><b>Databases</b>: {@link Database} lists them. {@code Dialect} is the part that differs:
 *       {@code PostgreSqlDialect}, {@code MySqlDialect}, {@code H2Dialect} and {@code
 *       SqliteDialect}.
 *   <li><b>The schema</b>: {@code Schema} creates the table under its {@code TableName}, and {@code
 *       SchemaCheck} checks it before the first request. {@code Setup} is the part that differs:
 *       {@code PostgreSqlSetup}, {@code MySqlSetup}, {@code H2Setup} and {@code SqliteSetup}.
 *   <li><b>Connections</b>: {@code Transactions} runs each operation as its own transaction, within
 *       a {@code Scope} where it needs a lock or a setting, such as {@code ReadCommitted}; {@code
 *       LateCommits} records changes again that the change feed may have passed over. {@code
 *       Connections} takes the connection from the pool, a {@code Guard} bounds its calls, as
 *       {@code Timeouts} says and with the help of the {@code Watchdog}, {@code TransactionAware}
 *       refuses data sources that join transactions, and {@code SqlFailure} reports errors.
 *   <li><b>Change feed</b>: {@code Changes} has the parts of a store that records changes. {@code
 *       RecordedWrites} and {@code PostgreSqlRecordedWrites} record them in the {@code ChangeLog},
 *       {@code ChangeReader} reads it with {@code Gaps} for numbers that are not visible yet,
 *       {@code NotifiedChangeFeed} has it read at once when PostgreSQL sends {@code Notifications}
 *       that a session has ended, {@code TrialNotifications} shows whether they arrive, and {@code
 *       ChangeRetention} deletes old entries.
 * </ul>
 */
@NullMarked
package io.coatcheck.session.jdbc;

import org.jspecify.annotations.NullMarked;
