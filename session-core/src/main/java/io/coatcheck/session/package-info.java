/**
 * The API for applications: the engine, its policy, and the working copy of a session.
 *
 * <p><b>Where to begin reading.</b> An application meets {@link
 * io.coatcheck.session.SessionManager}, built by {@code SessionManagerBuilder} with a {@code
 * SessionPolicy}, and {@link io.coatcheck.session.Session}. The servlet filter and other adapters
 * call {@link io.coatcheck.session.SessionAdapter}, and code that moves users from another system
 * calls {@link io.coatcheck.session.SessionBridge}. The classes below these are package-private.
 *
 * <p><b>The path of one request.</b> {@code SessionAdapter.resolve} parses the token, {@code
 * TokenResolver} looks it up in the store, {@code TokenJudge} decides whether it opens the session,
 * and the {@code Resolution} that is returned holds a {@code Session} if it is live. The
 * application reads and changes attributes there, which {@code AttributeChanges} records. Before
 * the response is committed, {@code SessionManager.save} passes the session to {@code
 * SessionWriter}, which collects the changes as {@code Pending}; {@code SaveLoop} applies them to
 * the session as it is in the store by then, and repeats that until its compare-and-set succeeds. A
 * request that changed nothing costs nothing or a touch.
 *
 * <p><b>The parts.</b>
 *
 * <ul>
 *   <li><b>Tokens to sessions</b>: {@code TokenResolver} looks each token up, {@code TokenJudge}
 *       decides on what was found, a {@code Finding} is its outcome for one token, and {@code
 *       Resolution} that for the request. {@code Touches} stores activity, {@code VersionHints} and
 *       {@code VersionHint} let clients read their own writes on a node with copies. {@code Claims}
 *       lets a text be used once, and a {@code ClaimAttempt} is a use that may fail.
 *   <li><b>A request's copy</b>: {@code Session} is what the application sees of a {@code
 *       WorkingCopy}, whose state is a {@code SessionStatus} and a {@code Renewal}; {@code
 *       SharedState} is what the requests of the session share, {@code RequestLogin} the login that
 *       it belongs to. {@code AttributeChanges} holds each {@code AttributeChange}, and {@code
 *       DecodedValues} what was read from bytes: each {@code WatchedValue} and the {@code
 *       ReplacedObjects}. {@code Replacing} finds what a change replaces. {@code AttributeName},
 *       {@code AttributeType} and {@code AttributeLimits} are the checks of attributes.
 *   <li><b>Saving</b>: {@code SessionWriter}, {@code SaveLoop} and {@code LateWrites}, which undoes
 *       a write that came too late. {@code ChangeEncoder} encodes the changes as an {@code
 *       AttributeDelta} within {@code Pending}. {@code Drafts} builds the next snapshot.
 *   <li><b>Atomic steps on one attribute</b> ({@code take}, {@code update}): {@code
 *       AttributeSteps}, {@code AttributeStep}, {@code StepValues}, and the application's {@code
 *       AttributeFunction}.
 *   <li><b>Login</b>: {@code Authenticator}, with {@code LoginOptions}, {@code LoginOutcome} and
 *       {@code LoginResult}. {@code Imports} stores an {@code ImportedSession} that an {@code
 *       ImportSource} read from another library, and returns an {@code ImportResult}. {@code
 *       ImportClaims} records what was imported, {@code ImportQueue} bounds the requests that wait
 *       for an import, {@code ForeignPrincipals} refuses users who cannot log in, and an {@code
 *       UndecidedException} says that a bridge could not decide.
 *   <li><b>The end</b>: {@code SessionEnder} ends sessions, {@code Expiry} confirms that one has
 *       expired, {@code Sweeper} deletes expired ones, {@code Listing} and {@code SessionInfo} list
 *       those of a principal. {@code SessionGroups} ends the sessions of one login elsewhere
 *       together; {@code Memberships} keeps the records of its members.
 *   <li><b>What all parts use</b>: {@code EngineContext} has the settings and the store; {@code
 *       ReportingStore} and {@code EncryptedStore} wrap that, {@code GuardedCodec} wraps the codec,
 *       and {@code FailedDeletions} remembers the deletions that failed; {@code Events} notifies
 *       the listeners and {@code ValueWarnings} warns of lost values; {@code Durations}, {@code
 *       NamedTimeout} and {@code Moments} check and compare times; {@code FieldHandles} are for
 *       fields that are written without a fence.
 *   <li><b>JDK Flight Recorder</b>: {@code FlightRecording} records each {@code StoreCallEvent},
 *       {@code SaveConflictEvent} and {@code CleanUpEvent}.
 * </ul>
 */
@NullMarked
package io.coatcheck.session;

import org.jspecify.annotations.NullMarked;
