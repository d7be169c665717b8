# As orphan_clock.exs, but the metronome watches its conductor.
defmodule Metronome do
  use GenServer
  def start(to), do: GenServer.start(__MODULE__, {to, self()})
  @impl true
  def init({to, conductor}) do
    Process.monitor(conductor)
    Process.send_after(self(), :beat, 10)
    {:ok, %{to: to, beats: 0}}
  end
  @impl true
  def handle_info({:DOWN, _ref, :process, _pid, _reason}, state), do: {:stop, :normal, state}
  def handle_info(:beat, state) do
    Orchestra.beat(state.to)
    Process.send_after(self(), :beat, 10)
    {:noreply, %{state | beats: state.beats + 1}}
  end
end
defmodule Orchestra do
  def beat(name), do: send(name, {:beat, self()})
  def play(bars) do
    receive do
      {:beat, _from} -> play(bars + 1)
      {:count, to} ->
        send(to, {:bars, bars})
        play(bars)
    end
  end
end
defmodule Conductor do
  use GenServer
  def start_link(_), do: GenServer.start_link(__MODULE__, :ok)
  @impl true
  def init(:ok) do
    {:ok, metronome} = Metronome.start(:orchestra)
    {:ok, %{metronome: metronome}}
  end
end
defmodule Main do
  def run do
    orchestra = spawn(fn -> Orchestra.play(0) end)
    Process.register(orchestra, :orchestra)
    {:ok, sup} = Supervisor.start_link([Conductor], strategy: :one_for_one)
    Process.sleep(50)
    [{_, conductor, _, _}] = Supervisor.which_children(sup)
    Process.exit(conductor, :kill)
    Process.sleep(120)
    send(:orchestra, {:count, self()})
    receive do: ({:bars, n} -> IO.puts("#{n} bars"))
  end
end
