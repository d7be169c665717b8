# Processes of every behaviour: an event manager, a stage, a channel, a live view, an agent, a task, a supervisor, a state
# machine with helpers. Each line says what the node itself knows. The libraries that are not on every machine are small
# modules here, with their names and the shapes of their calls.
#
#     SCOPE=scope.exs elixir loops.exs PORT
Code.compile_file(System.fetch_env!("SCOPE"))
Logger.configure(level: :none)

defmodule GenStage do
  use GenServer
  defstruct [:mod, :state]
  def start(mod, arg), do: GenServer.start(__MODULE__, {mod, arg})

  def init({mod, arg}) do
    {kind, state} = mod.init(arg)
    true = kind in [:producer, :consumer, :producer_consumer]
    {:ok, %GenStage{mod: mod, state: state}}
  end

  def handle_info({:ask, n}, stage), do: noreply(stage.mod.handle_demand(n, stage.state), stage)
  def handle_info({:events, events}, stage), do: noreply(stage.mod.handle_events(events, self(), stage.state), stage)
  def handle_info(message, stage), do: noreply(stage.mod.handle_info(message, stage.state), stage)

  def handle_call(message, from, stage) do
    {:reply, reply, _events, state} = stage.mod.handle_call(message, from, stage.state)
    {:reply, reply, %{stage | state: state}}
  end

  defp noreply({:noreply, _events, state}, stage), do: {:noreply, %{stage | state: state}}
end

defmodule Phoenix.Socket do
  defstruct [:channel, :topic, :transport_pid, assigns: %{}, joined: false]
end

defmodule Phoenix.Channel.Server do
  use GenServer
  def init(socket), do: {:ok, socket}

  def handle_call({:join, payload}, _, socket) do
    {:ok, reply, socket} = socket.channel.join(socket.topic, payload, socket)
    {:reply, reply, %{socket | joined: true}}
  end

  def handle_info({:in, event, payload}, socket) do
    {:noreply, taken} = socket.channel.handle_in(event, payload, socket)
    {:noreply, taken}
  end

  def handle_info(message, socket) do
    {:noreply, taken} = socket.channel.handle_info(message, socket)
    {:noreply, taken}
  end
end

defmodule Phoenix.LiveView.Socket do
  defstruct [:view, :transport_pid, assigns: %{}]
end

defmodule Phoenix.LiveView.Channel do
  use GenServer

  def init(socket) do
    {:ok, socket} = socket.view.mount(%{}, %{}, socket)
    component = %{socket | assigns: %{myself: 1, clicks: 0}}
    {:ok, %{socket: socket, components: component}}
  end

  def handle_info({:event, event}, state) do
    {:noreply, socket} = state.socket.view.handle_event(event, %{}, state.socket)
    {:noreply, %{state | socket: socket}}
  end

  def handle_info({:component, event}, state) do
    {:noreply, component} = Button.handle_event(event, %{}, state.components)
    {:noreply, %{state | components: component}}
  end
end

defmodule Feed do
  def init(n), do: {:producer, %{sent: n}}
  def handle_demand(n, state), do: {:noreply, Enum.to_list(1..n), %{state | sent: state.sent + n}}
  def handle_call(:sent, _, state), do: {:reply, state.sent, [], Map.put(state, :asked, true)}
  def handle_info(_, state), do: {:noreply, [], state}
end

defmodule Sink do
  def init(_), do: {:consumer, []}
  # With a list in either place its result looks like a server's.
  def handle_events(events, _, seen), do: {:noreply, [], events ++ seen}
end

defmodule Room do
  def join(_, %{name: name}, socket), do: {:ok, %{}, %{socket | assigns: %{name: name, lines: 0}}}
  def handle_in("line", _, socket), do: {:noreply, put_in(socket.assigns.lines, socket.assigns.lines + 1)}
  def handle_info(:rename, socket), do: {:noreply, put_in(socket.assigns.name, "other")}
end

defmodule Page do
  def mount(_, _, socket), do: {:ok, %{socket | assigns: %{count: 0}}}
  def handle_event("up", _, socket), do: {:noreply, put_in(socket.assigns.count, socket.assigns.count + 1)}
end

defmodule Button do
  def handle_event("click", _, socket), do: {:noreply, put_in(socket.assigns.clicks, socket.assigns.clicks + 1)}
end

defmodule Audit do
  @behaviour :gen_event
  def init(start), do: {:ok, %{seen: start}}
  def handle_event(:leave, _), do: :remove_handler
  def handle_event({:only, who}, %{seen: {who, n}}), do: {:ok, %{seen: {who, n + 1}}}
  def handle_event(_, state), do: {:ok, state}
  def handle_call(:seen, state), do: {:ok, state.seen, Map.put(state, :asked, true)}
  def handle_info(_, state), do: {:ok, state}
  def terminate(_, _), do: :ok
end

defmodule Count do
  @behaviour :gen_event
  def init(n), do: {:ok, n}
  def handle_event(_, n), do: {:ok, n + 1}
  def handle_call(_, n), do: {:ok, n, n}
  def handle_info(:leave, _), do: :remove_handler
  def handle_info(_, n), do: {:ok, n + 100, :hibernate}
  def terminate(_, _), do: :ok
end

defmodule Door do
  @behaviour :gen_statem
  def callback_mode, do: [:state_functions, :state_enter]
  def init(_), do: {:ok, :shut, %{n: 0, late: 0}}
  def shut(:enter, _, data), do: {:keep_state, data}
  def shut(:cast, :push, data), do: {:next_state, :open, %{data | n: data.n + 1}, [{:state_timeout, 60_000, :close}]}
  def shut(:cast, :later, _), do: {:keep_state_and_data, [:postpone]}
  def shut(type, content, data), do: common(type, content, data)
  def open(:enter, _, data), do: {:keep_state, %{data | n: data.n + 10}}
  def open(:cast, :later, data), do: {:keep_state, %{data | late: data.late + 1}}
  def open(type, content, data), do: common(type, content, data)
  # Called in a state's place.
  def common({:call, from}, :get, data), do: {:keep_state, %{data | n: data.n + 1000}, [{:reply, from, data.n}]}
  def common(:info, :thrown, data), do: throw({:keep_state, %{data | n: data.n + 5000}})
  def common(_, _, _), do: :keep_state_and_data
end

defmodule Thrower do
  use GenServer
  def init(n), do: {:ok, n}
  def handle_call(:up, _, n), do: throw({:reply, n, n + 1})
  def handle_cast(message, n), do: {:noreply, n + Helper.handle_info(message, [n])}
end

# It only has the name of a callback, and none of the process's state.
defmodule Helper do
  def handle_info(_, [_]), do: 7
  def handle_event(_, _, n), do: {:noreply, n}
end

defmodule Say do
  def text(pid), do: List.to_string(:erlang.pid_to_list(pid))

  def line(what, words) do
    IO.puts("> #{what} " <> Enum.map_join(words, " ", fn {key, value} -> "#{key}=#{value}" end))
  end

  def state(pid, state, path \\ "") do
    {:message_queue_len, waiting} = Process.info(pid, :message_queue_len)
    words = [pid: text(pid), waiting: waiting, path: path]
    IO.puts("> state " <> Enum.map_join(words, " ", fn {key, value} -> "#{key}=#{value}" end) <> " is=" <> flat(state))
  end

  def flat(state), do: inspect(state, limit: :infinity) |> String.replace(" ", "~")

  def manager(pid) do
    for {module, _, state} <- :gen_event.which_handlers(pid) && :sys.get_state(pid) do
      line("handler", pid: text(pid), at: System.monotonic_time(:nanosecond), of: inspect(module), is: flat(state))
    end

    line("manager", pid: text(pid), at: System.monotonic_time(:nanosecond))
  end
end

[port] = System.argv()
port = String.to_integer(port)
traced = [Feed, Sink, Room, Page, Button, Audit, Count, Door, Thrower, Helper]
:ok = Scope.start(modules: traced, to: port, redact: :none)

{:ok, feed} = GenStage.start(Feed, 0)
for n <- [3, 4], do: send(feed, {:ask, n})
7 = GenServer.call(feed, :sent)
Say.state(feed, :sys.get_state(feed).state)
{:ok, sink} = GenStage.start(Sink, 0)
for events <- [[1, 2], [3]], do: send(sink, {:events, events})
Say.state(sink, :sys.get_state(sink).state)

socket = struct(Phoenix.Socket, channel: Room, topic: "room:1", transport_pid: self())
{:ok, room} = GenServer.start(Phoenix.Channel.Server, socket)
GenServer.call(room, {:join, %{name: "ann"}})
for _ <- 1..3, do: send(room, {:in, "line", %{}})
send(room, :rename)
Say.state(room, :sys.get_state(room).assigns, "assigns")

view = struct(Phoenix.LiveView.Socket, view: Page, transport_pid: self())
{:ok, page} = GenServer.start(Phoenix.LiveView.Channel, view)
for message <- [{:event, "up"}, {:event, "up"}, {:component, "click"}], do: send(page, message)
Say.state(page, :sys.get_state(page).socket.assigns, "assigns")
# A page that is only rendered has no process.
{:ok, _} = Page.mount(%{}, %{}, %{view | transport_pid: nil})

{:ok, door} = :gen_statem.start(Door, [], [])
:gen_statem.cast(door, :later)
:gen_statem.cast(door, :push)
11 = :gen_statem.call(door, :get)
send(door, :thrown)
Say.state(door, :sys.get_state(door))

{:ok, thrower} = GenServer.start(Thrower, 1)
1 = GenServer.call(thrower, :up)
GenServer.cast(thrower, :help)
Say.state(thrower, :sys.get_state(thrower))

{:ok, manager} = :gen_event.start()
:ok = :gen_event.add_handler(manager, Count, 0)
:ok = :gen_event.add_handler(manager, {Audit, 1}, {:a, 0})
:ok = :gen_event.add_handler(manager, {Audit, 2}, {:b, 0})
for event <- [:x, {:only, :a}, {:only, :b}, {:only, :b}], do: :gen_event.sync_notify(manager, event)
send(manager, :info)
{:b, 2} = :gen_event.call(manager, {Audit, 2}, :seen)
Say.manager(manager)
:gen_event.delete_handler(manager, {Audit, 1}, :bye)
send(manager, :leave)
Say.manager(manager)
:ok = :gen_event.add_handler(manager, Count, 5)
:gen_event.sync_notify(manager, :leave)
Say.manager(manager)

{:ok, agent} = Agent.start(fn -> 0 end)
Agent.update(agent, &(&1 + 1))
Say.line("untold", pid: Say.text(agent))
task = Task.async(fn -> Helper.handle_info(:x, [1]) end)
Say.line("untold", pid: Say.text(task.pid))
7 = Task.await(task)
plain = spawn(fn -> Helper.handle_event(:a, :b, 3) end)
Say.line("untold", pid: Say.text(plain))
Process.sleep(50)
{:ok, told} = Scope.stop()
Say.line("stopped", events: told.events, dropped: told.dropped)

# The loops themselves are traced: what they tell is what the node tells.
:ok = Scope.start(modules: [Agent.Server, :supervisor, GenStage, Feed], to: port)
{:ok, agent} = Agent.start(fn -> %{n: 1} end)
Agent.update(agent, &%{&1 | n: 2})
2 = Agent.get(agent, & &1.n)
Agent.cast(agent, &Map.put(&1, :late, 1))
Say.state(agent, :sys.get_state(agent))
{:ok, feed} = GenStage.start(Feed, 0)
send(feed, {:ask, 3})
Say.state(feed, :sys.get_state(feed).state, "state")
{:ok, supervisor} = Supervisor.start_link([{Agent, fn -> 0 end}], strategy: :one_for_all)
state = :sys.get_state(supervisor)
Say.state(supervisor, elem(state, 2), "[2]")
{:ok, told} = Scope.stop()
Say.line("stopped", events: told.events, dropped: told.dropped)

# Without values nothing tells what became of these.
:ok = Scope.start(modules: [Door, Count], to: port, level: :calls)
:gen_statem.cast(door, :later)
:gen_event.sync_notify(manager, :x)
Say.line("unknown", pid: Say.text(door))
Say.line("unknown", pid: Say.text(manager))
:sys.get_state(door)
{:ok, told} = Scope.stop()
Say.line("stopped", events: told.events, dropped: told.dropped)
