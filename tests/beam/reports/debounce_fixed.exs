defmodule Audit do
  use GenServer

  def start_link(sink), do: GenServer.start_link(__MODULE__, sink, name: __MODULE__)
  def log(entry), do: GenServer.cast(__MODULE__, {:log, entry})

  @impl true
  def init(sink), do: {:ok, %{sink: sink, pending: [], timer: nil}}

  @impl true
  def handle_cast({:log, entry}, state) do
    timer = state.timer || Process.send_after(self(), :flush, 50)
    {:noreply, %{state | pending: [entry | state.pending], timer: timer}}
  end

  @impl true
  def handle_info(:flush, state) do
    send(state.sink, {:entries, Enum.reverse(state.pending)})
    {:noreply, %{state | pending: [], timer: nil}}
  end
end

defmodule Sink do
  def start, do: spawn_link(fn -> take(0) end)

  def take(n) do
    receive do
      {:entries, entries} -> take(n + length(entries))
    end
  end
end

defmodule Main do
  def run do
    {:ok, _} = Audit.start_link(Sink.start())

    for n <- 1..40 do
      Audit.log("entry #{n}")
      Process.sleep(8)
    end

    Process.sleep(80)
  end
end
